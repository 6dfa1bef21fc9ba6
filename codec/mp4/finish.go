package mp4

import (
	"io"
	"math"

	boxes "github.com/Eyevinn/mp4ff/mp4"

	"tilemix/codec/ticks"
)

// finish says in the beginning of a whole file how long it is, and where playing can begin. media is where
// its fragments end.
func finish(w *Writer, out io.WriterAt, moov *boxes.MoovBox, media int64) error {
	measure(moov, &w.video, &w.audio)
	data, err := appendBox(nil, moov)
	if err != nil {
		return err
	}
	t := w.leading()
	// FFmpeg takes the length of all tracks from this index, so it has that of the longest.
	length := max(t.next, ticks.Of(w.Length(), t.rate))
	index, err := w.index.appendFront(nil, t, length, int64(w.beginning.end), media)
	if err != nil {
		return err
	}
	return w.beginning.replace(out, data, index, true)
}

// measure says in moov how long the movie is, and each of its tracks.
func measure(moov *boxes.MoovBox, video, sound *track) {
	rate, longest := int64(moov.Mvhd.Timescale), int64(0)
	for _, trak := range moov.Traks {
		media := video.next
		if trak.Tkhd.TrackID == sound.id {
			media = sound.next
		}
		mdhd := trak.Mdia.Mdhd
		mdhd.Duration, mdhd.Version = uint64(media), wide(media)
		edited := trak.Edts != nil && len(trak.Edts.Elst) == 1 && len(trak.Edts.Elst[0].Entries) == 1
		if edited {
			media = max(0, media-trak.Edts.Elst[0].Entries[0].MediaTime)
		}
		shown := rescale(media, rate, int64(mdhd.Timescale))
		trak.Tkhd.Duration, trak.Tkhd.Version = uint64(shown), wide(shown)
		if edited {
			edit := trak.Edts.Elst[0]
			edit.Entries[0].SegmentDuration, edit.Version = uint64(shown), wide(shown)
		}
		longest = max(longest, shown)
	}
	moov.Mvhd.Duration, moov.Mvhd.Version = uint64(longest), wide(longest)
	mvex := moov.Mvex
	if mvex.Mehd == nil {
		mvex.AddChild(&boxes.MehdBox{})
		last := len(mvex.Children) - 1 // it is the first
		copy(mvex.Children[1:], mvex.Children[:last])
		mvex.Children[0] = mvex.Mehd
	}
	mvex.Mehd.Version, mvex.Mehd.FragmentDuration = 1, longest
}

// rescale returns ticks of one rate as ticks of another, rounded up.
func rescale(ticks, to, from int64) int64 {
	whole, rest := ticks/from, ticks%from
	return whole*to + (rest*to+from-1)/from
}

// wide returns the version of a box that has a length.
func wide(length int64) byte {
	if length > math.MaxUint32 {
		return 1
	}
	return 0
}

// appendFront appends the index that stands in front of the fragments, which players read first
// (ISO/IEC 14496-12 §8.16.3). from and to are where fragments begin and end, and length is in ticks of the
// track. Where there are too many places to begin, a reference has several. The index is left out where it cannot say what there is.
func (x index) appendFront(dst []byte, t *track, length, from, to int64) ([]byte, error) {
	if len(x) == 0 || int64(x[0].MoofOffset) != from {
		return dst, nil
	}
	every := (len(x) + maxReferences - 1) / maxReferences
	sidx := &boxes.SidxBox{Version: 1, ReferenceID: t.id, Timescale: uint32(t.rate), EarliestPresentationTime: x[0].Time}
	for i := 0; i < len(x); i += every {
		end, until := uint64(to), uint64(length)
		if next := i + every; next < len(x) {
			end, until = x[next].MoofOffset, x[next].Time
		}
		size, lasts := end-x[i].MoofOffset, until-x[i].Time
		if size > math.MaxInt32 || lasts > math.MaxUint32 {
			return dst, nil
		}
		sidx.SidxRefs = append(sidx.SidxRefs, boxes.SidxRef{
			ReferencedSize: uint32(size), SubSegmentDuration: uint32(lasts), StartsWithSAP: 1, SAPType: 1,
		})
	}
	return appendBox(dst, sidx)
}
