package h264

import (
	"errors"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// ErrUnreadable is returned for a stream of H.264 that the decoder cannot read.
var ErrUnreadable = errors.New("h264: the decoder cannot read the stream")

// Readable returns an error that wraps ErrUnreadable if a sequence parameter set, a NAL unit of type 7,
// announces what the decoder cannot read: interlaced pictures, more than 8 bits, 4:2:2 or 4:4:4 (H.264
// §7.4.2.1.1). Monochrome is readable. A set that is cut or broken gives nil, because it says nothing.
func Readable(nal []byte) error {
	var set h264.SPS
	if err := set.Unmarshal(nal); err != nil && set.VUI == nil {
		return nil // the decoder judges it
	}
	switch bits := 8 + max(set.BitDepthLumaMinus8, set.BitDepthChromaMinus8); {
	case bits > 8:
		return fmt.Errorf("%w: it has %d bits, not 8", ErrUnreadable, bits)
	case set.ChromaFormatIdc == 2:
		return fmt.Errorf("%w: it is 4:2:2, not 4:2:0", ErrUnreadable)
	case set.ChromaFormatIdc > 2:
		return fmt.Errorf("%w: it is 4:4:4, not 4:2:0", ErrUnreadable)
	case !set.FrameMbsOnlyFlag:
		return fmt.Errorf("%w: it is interlaced, not progressive", ErrUnreadable)
	}
	return nil
}
