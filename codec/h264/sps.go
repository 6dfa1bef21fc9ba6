package h264

import (
	"bytes"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"tilemix/codec"
	"tilemix/codec/limit"
	"tilemix/codec/yuv"
)

const (
	// maxFrameMBs is the largest picture taken, 4096x2304 in macroblocks: that
	// of level 5.2.
	maxFrameMBs = 4096 / 16 * 2304 / 16
	// maxDPBMBs is MaxDpbMbs of level 5 (H.264 Table A-1): how much the
	// reference pictures may take together.
	maxDPBMBs = 110400
	// maxRefs is the most reference pictures of any level (H.264 §A.3.1).
	maxRefs = 16

	profileBaseline         = 66
	profileScalableBaseline = 83

	orderOfDecoding = 2 // a pic_order_cnt_type (H.264 §8.2.1)
)

// sps is what the decoder needs of a sequence parameter set before the library acts on the set,
// because OpenH264 allocates whatever 20 bytes of a sender ask for.
type sps struct {
	nal     []byte // the set that was read, so that it is not read again with every IDR
	profile uint8
	size    size
	colour  yuv.Colour
	ordered bool // pictures are shown in the order of decoding
	grey    bool // pictures have no chroma (chroma_format_idc is 0)
	refs    int  // reference pictures

	limits limit.Limits
	claim  limit.Claim // of the largest stream since the library began anew
}

// reorders reports whether pictures may come out later than they went in.
func (s *sps) reorders() bool { return s.late() && !s.ordered }

// late reports whether the library keeps each picture until the next access unit, unless it is
// flushed.
func (s *sps) late() bool {
	return s.profile != profileBaseline && s.profile != profileScalableBaseline
}

// parse reads a set, a NAL unit of type 7 or 15. It forgets the set before, also where it returns
// an error.
func (s *sps) parse(nal []byte) error {
	if bytes.Equal(nal, s.nal) {
		return nil
	}
	buf := append(s.nal[:0], nal...)
	*s = sps{limits: s.limits, claim: s.claim}
	if buf[0]&0x1f == nalSubsetSPS { // begins as a sequence parameter set does (H.264 §7.3.2.1.3)
		nal = bytes.Clone(nal)
		nal[0] = nal[0]&^0x1f | nalSPS
	}
	var set h264.SPS
	err := set.Unmarshal(nal)
	if err != nil && set.VUI == nil {
		return fmt.Errorf("h264: sequence parameter set is cut or broken (%w): %w", err, codec.ErrCorrupt)
	}
	s.profile, s.size, s.grey = set.ProfileIdc, sizeOf(&set), set.ChromaFormatIdc == 0
	if err := s.size.check(uint(set.MaxNumRefFrames)); err != nil {
		return err
	}
	s.refs = int(set.MaxNumRefFrames)
	if err := s.raise(); err != nil {
		return err
	}
	s.nal = buf
	reorders := true // until the set says that it does not
	if v := set.VUI; v != nil {
		s.colour = colourOf(v, err != nil)
		r := v.BitstreamRestriction
		reorders = err != nil || r == nil || r.MaxNumReorderFrames > 0
	}
	s.ordered = set.PicOrderCntType == orderOfDecoding || !reorders
	return nil
}

// raise claims the memory that the library takes for the set's pictures: the reference pictures
// and a few that it works on or has not put out.
func (s *sps) raise() error {
	const working = 4
	return s.claim.Raise(s.limits, int(16*s.size.width), int(16*s.size.height), s.refs+working)
}

// renew claims for the last set alone, as the library has let go of what it held.
func (s *sps) renew() error {
	s.claim.Release()
	return s.raise()
}
