package mp4

import (
	"fmt"
	"slices"

	"github.com/Eyevinn/mp4ff/bits"
	boxes "github.com/Eyevinn/mp4ff/mp4"
)

// Flags of samples (ISO/IEC 14496-12 §8.8.3.1).
const (
	isKey    = boxes.SyncSampleFlags
	isNotKey = 0x01000000 | boxes.NonSyncSampleFlags // depends on others
)

// appendFragment appends moof and mdat of what the tracks have gathered. A track without samples is
// left out.
func appendFragment(dst []byte, seq uint32, tracks ...*track) ([]byte, error) {
	tracks = slices.DeleteFunc(tracks, func(t *track) bool { return len(t.samples) == 0 })
	var ids []uint32
	for _, t := range tracks {
		ids = append(ids, t.id)
	}
	f, err := boxes.CreateMultiTrackFragment(seq, ids)
	if err != nil {
		return dst, fmt.Errorf("describe fragment of MP4 file: %w", err)
	}
	for i, t := range tracks {
		traf := f.Moof.Trafs[i]
		if t.entry > 0 {
			traf.Tfhd.Flags |= boxes.TfhdSampleDescriptionIndexPresentFlag
			traf.Tfhd.SampleDescriptionIndex = uint32(t.entry) + 1 // it counts from one
		}
		traf.Tfdt.SetBaseMediaDecodeTime(uint64(t.start))
		if err := traf.AddChild(t.run(uint32(i))); err != nil {
			return dst, fmt.Errorf("describe fragment of MP4 file: %w", err)
		}
		f.Mdat.AddSampleDataPart(t.data)
	}
	return appendBox(dst, f)
}

// run describes the track's samples, whose data is the part of mdat of that number.
func (t *track) run(part uint32) *boxes.TrunBox {
	run := boxes.CreateTrun(part)
	run.Flags &^= boxes.TrunSampleCompositionTimeOffsetPresentFlag
	run.Samples = make([]boxes.Sample, len(t.samples))
	for i, s := range t.samples {
		flags := isNotKey
		if s.key {
			flags = isKey
		}
		run.Samples[i] = boxes.NewSample(flags, s.duration, s.size, 0)
	}
	return run
}

// appendBox appends a box, or several that belong together.
func appendBox(dst []byte, box interface {
	Size() uint64
	EncodeSW(bits.SliceWriter) error
},
) ([]byte, error) {
	n, size := len(dst), int(box.Size())
	dst = slices.Grow(dst, size)[:n+size]
	if err := box.EncodeSW(bits.NewFixedSliceWriterFromSlice(dst[n:])); err != nil {
		return dst[:n], fmt.Errorf("encode MP4 box: %w", err)
	}
	return dst, nil
}
