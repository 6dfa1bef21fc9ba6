package h264

import (
	"fmt"
	"slices"

	"tilemix/codec"
	"tilemix/codec/yuv"
)

const (
	// maxFrameMBs is the largest picture taken, 4096x2304 in macroblocks: that
	// of level 5.2.
	maxFrameMBs = 4096 / 16 * 2304 / 16
	// maxDPBMBs is MaxDpbMbs of level 5.2 (H.264 Table A-1): how much the
	// reference pictures may take together.
	maxDPBMBs = 184320
)

// sps is what the decoder wants to know of a sequence parameter set before the
// library acts on it. The library allocates whatever a stranger's 20 bytes ask for.
type sps struct {
	profile       uint
	width, height uint // macroblocks
	refs          uint // reference pictures
	colour        yuv.Colour
	crop          [2]uint // samples off the width and the height
	ordered       bool    // pictures are shown in the order of decoding
}

// reorders says that pictures may come out later than they went in.
func (s *sps) reorders() bool { return s.late() && !s.ordered }

// late says that the library keeps each picture until the next access unit, unless it is
// flushed.
func (s *sps) late() bool { return s.profile != 66 && s.profile != 83 }

// parse reads a set's RBSP, the NAL unit without its header byte
// (H.264 §7.3.2.1.1).
func (s *sps) parse(rbsp []byte) error {
	r := bitReader{data: rbsp}
	*s = sps{profile: r.bits(8)}
	r.bits(16) // constraint flags, level
	r.ue()     // seq_parameter_set_id
	chroma := uint(1)
	if slices.Contains(highProfiles, s.profile) {
		chroma = r.chroma()
	}
	r.ue() // log2_max_frame_num_minus4
	order := r.pictureOrder()
	s.refs = r.ue()
	r.bits(1) // gaps_in_frame_num_value_allowed_flag
	s.width = r.ue() + 1
	s.height = r.ue() + 1
	fields := uint(1)
	if r.bits(1) == 0 { // frame_mbs_only_flag
		fields = 2
		s.height *= 2
		r.bits(1) // mb_adaptive_frame_field_flag
	}
	if r.bad {
		return fmt.Errorf("h264: sequence parameter set is cut or broken: %w", codec.ErrCorrupt)
	}
	s.crop = r.crop(chroma, fields)
	var reorder int
	s.colour, reorder = r.vui()
	s.ordered = order == 2 || reorder == 0
	return s.check()
}

// check refuses what would take more memory than any level allows.
func (s *sps) check() error {
	// Each side is checked first, so that the products cannot wrap round.
	if s.width > maxFrameMBs || s.height > maxFrameMBs || s.width*s.height > maxFrameMBs {
		return fmt.Errorf("h264: picture of %dx%d macroblocks is too large: %w", s.width, s.height, codec.ErrCorrupt)
	}
	if s.refs > 16 || s.refs*s.width*s.height > maxDPBMBs {
		return fmt.Errorf("h264: %d reference pictures are too many: %w", s.refs, codec.ErrCorrupt)
	}
	return nil
}

// highProfiles are the profiles whose set says something of chroma.
var highProfiles = []uint{100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}

// chroma skips what the high profiles add, but for chroma_format_idc.
func (r *bitReader) chroma() (format uint) {
	lists := 8
	if format = r.ue(); format == 3 {
		r.bits(1) // separate_colour_plane_flag
		lists = 12
	}
	r.ue()    // bit_depth_luma_minus8
	r.ue()    // bit_depth_chroma_minus8
	r.bits(1) // qpprime_y_zero_transform_bypass_flag
	if r.bits(1) == 0 {
		return format
	}
	for i := range lists {
		if r.bits(1) == 1 {
			r.scalingList(i)
		}
	}
	return format
}

// scalingList skips list i (H.264 §7.3.2.1.1.1).
func (r *bitReader) scalingList(i int) {
	size := 16
	if i >= 6 {
		size = 64
	}
	for last := 8; size > 0 && last != 0; size-- {
		last = (last + r.se() + 256) & 255
	}
}

// pictureOrder reads pic_order_cnt_type and skips what follows from it.
func (r *bitReader) pictureOrder() (kind uint) {
	kind = r.ue()
	switch kind {
	case 0:
		r.ue() // log2_max_pic_order_cnt_lsb_minus4
	case 1:
		r.bits(1) // delta_pic_order_always_zero_flag
		r.ue()    // offset_for_non_ref_pic
		r.ue()    // offset_for_top_to_bottom_field
		n := r.ue()
		r.bad = r.bad || n > 255
		for ; n > 0 && !r.bad; n-- {
			r.ue() // offset_for_ref_frame
		}
	}
	return kind
}
