package h264

import (
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"tilemix/codec"
)

// Size returns the size of a stream's pictures, in pixels, by its sequence parameter set, a NAL
// unit. A set that is broken, or of pictures larger than any level allows, gives an error that
// wraps codec.ErrCorrupt.
func Size(nal []byte) (width, height int, err error) {
	if len(nal) < 4 || nal[0]&0x1f != nalSPS {
		return 0, 0, fmt.Errorf("h264: no sequence parameter set: %w", codec.ErrCorrupt)
	}
	var s sps
	if err := s.parse(nal); err != nil {
		return 0, 0, err
	}
	w, h := 16*s.size.width, 16*s.size.height
	if s.size.cropX >= w || s.size.cropY >= h {
		return 0, 0, fmt.Errorf("h264: nothing is left of the picture: %w", codec.ErrCorrupt)
	}
	return int(w - s.size.cropX), int(h - s.size.cropY), nil
}

// size is the size of a picture as its set has it.
type size struct {
	width, height uint // macroblocks
	cropX, cropY  uint // samples off the width and the height
	left, top     uint // samples off that side
}

// sizeOf counts in 64 bits, so that nothing that a set says can wrap round. The unit of cropping is a sample
// of chroma, in both fields (H.264 §7.4.2.1.1).
func sizeOf(set *h264.SPS) size {
	fields := uint(1)
	if !set.FrameMbsOnlyFlag {
		fields = 2
	}
	s := size{
		width:  uint(set.PicWidthInMbsMinus1) + 1,
		height: fields * (uint(set.PicHeightInMapUnitsMinus1) + 1),
	}
	x, y := uint(1), fields
	if set.ChromaFormatIdc == 1 || set.ChromaFormatIdc == 2 {
		x = 2
	}
	if set.ChromaFormatIdc == 1 {
		y *= 2
	}
	if c := set.FrameCropping; c != nil {
		s.cropX = x * (uint(c.LeftOffset) + uint(c.RightOffset))
		s.cropY = y * (uint(c.TopOffset) + uint(c.BottomOffset))
		s.left, s.top = x*uint(c.LeftOffset), y*uint(c.TopOffset)
	}
	return s
}

// check refuses a set whose pictures would take more memory than any level allows.
func (s size) check(refs uint) error {
	// Each side is checked first, so that the products cannot wrap round.
	if s.width > maxFrameMBs || s.height > maxFrameMBs || s.width*s.height > maxFrameMBs {
		return fmt.Errorf("h264: picture of %dx%d macroblocks is too large: %w", s.width, s.height, codec.ErrCorrupt)
	}
	if refs > maxRefs || refs*s.width*s.height > maxDPBMBs {
		return fmt.Errorf("h264: %d reference pictures are too many: %w", refs, codec.ErrCorrupt)
	}
	return nil
}
