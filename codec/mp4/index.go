package mp4

import (
	boxes "github.com/Eyevinn/mp4ff/mp4"
)

// index has the fragments at which playing can begin.
type index []boxes.TfraEntry

// note remembers the fragment that will be written at offset, by its first key frame in t, or its
// first packet where t is sound.
func (x *index) note(t *track, offset int64) {
	at := t.start
	for i, s := range t.samples {
		if s.key {
			*x = append(*x, boxes.TfraEntry{
				Time: uint64(at), MoofOffset: uint64(offset),
				TrafNumber: 1, TrunNumber: 1, SampleNumber: uint32(i + 1), // the picture's are the first
			})
			return
		}
		at += int64(s.duration)
	}
}

// append appends mfra, which players find from the file's end
// (ISO/IEC 14496-12 §8.8.9 to §8.8.11).
func (x index) append(dst []byte, track uint32) ([]byte, error) {
	mfra := &boxes.MfraBox{}
	_ = mfra.AddChild(&boxes.TfraBox{Version: 1, TrackID: track, LengthSizeOfSampleNum: 3, Entries: x}) // 64 bits, and 32 for samples
	mfro := &boxes.MfroBox{}
	_ = mfra.AddChild(mfro)
	mfro.ParentSize = uint32(mfra.Size())
	return appendBox(dst, mfra)
}
