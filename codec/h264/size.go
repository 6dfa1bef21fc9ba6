package h264

import (
	"fmt"

	"tilemix/codec"
)

// Size returns the pixels of a picture by its sequence parameter set, a NAL unit. What is
// broken, or larger than any level allows, is codec.ErrCorrupt: a stranger's set costs no
// memory.
func Size(nal []byte) (width, height int, err error) {
	if len(nal) < 4 || nal[0]&0x1f != nalSPS {
		return 0, 0, fmt.Errorf("h264: no sequence parameter set: %w", codec.ErrCorrupt)
	}
	var s sps
	if err := s.parse(nal[1:]); err != nil {
		return 0, 0, err
	}
	w, h := 16*s.width, 16*s.height
	if s.crop[0] >= w || s.crop[1] >= h {
		return 0, 0, fmt.Errorf("h264: nothing is left of the picture: %w", codec.ErrCorrupt)
	}
	return int(w - s.crop[0]), int(h - s.crop[1]), nil
}

// crop reads how many samples are cut off, with the flag before (H.264 §7.4.2.1.1: its
// unit is a sample of chroma, in both fields).
func (r *bitReader) crop(chroma, fields uint) (off [2]uint) {
	r.bits(1) // direct_8x8_inference_flag
	if r.bits(1) == 0 {
		return off
	}
	x, y := uint(1), fields
	if chroma == 1 || chroma == 2 {
		x = 2
	}
	if chroma == 1 {
		y *= 2
	}
	off[0] = x * (r.ue() + r.ue())
	off[1] = y * (r.ue() + r.ue())
	return off
}
