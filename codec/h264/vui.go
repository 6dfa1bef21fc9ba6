package h264

import "tilemix/codec/yuv"

// Codes of H.264 Tables E-2 to E-5.
const (
	videoFormatUnspecified = 5
	// colourSMPTE170M is BT.601 with 525 lines, in all three tables.
	colourSMPTE170M = 6

	matrixBT709    = 1
	matrixSMPTE240 = 7
	matrixBT2020   = 9

	aspectExtended = 255 // Extended_SAR
)

// vui reads on behind the cropping (H.264 §7.3.2.1.1,
// §E.1.1): how samples stand for colours, and how many pictures, at the most, come
// before one that is shown earlier. That is unknown, -1, where the set does not say.
// What is absent, unspecified or cut off counts as BT.601 in limited range: that is
// what cameras send who say nothing.
func (r *bitReader) vui() (c yuv.Colour, reorder int) {
	if r.bits(1) == 0 { // vui_parameters_present_flag
		return yuv.Colour{}, -1
	}
	if r.bits(1) == 1 && r.bits(8) == aspectExtended {
		r.bits(32) // sar_width, sar_height
	}
	if r.bits(1) == 1 { // overscan_info_present_flag
		r.bits(1)
	}
	c = r.colour()
	if r.bad {
		return yuv.Colour{}, -1
	}
	if reorder = r.reorder(); r.bad {
		reorder = -1
	}
	return c, reorder
}

// colour reads video_signal_type. Of the primaries and the transfer characteristics it
// takes no notice, as they hardly differ between the standards for SDR.
func (r *bitReader) colour() (c yuv.Colour) {
	if r.bits(1) == 0 { // video_signal_type_present_flag
		return c
	}
	r.bits(3) // video_format
	c.FullRange = r.bits(1) == 1
	if r.bits(1) == 1 { // colour_description_present_flag
		r.bits(16) // colour_primaries, transfer_characteristics
		c.BT709 = nearBT709(r.bits(8))
	}
	return c
}

// reorder reads the rest, up to max_num_reorder_frames.
func (r *bitReader) reorder() int {
	if r.bits(1) == 1 { // chroma_loc_info_present_flag
		r.ue()
		r.ue()
	}
	if r.bits(1) == 1 { // timing_info_present_flag
		r.bits(32) // num_units_in_tick
		r.bits(32) // time_scale
		r.bits(1)  // fixed_frame_rate_flag
	}
	nal := r.bits(1) == 1
	if nal {
		r.hrd()
	}
	vcl := r.bits(1) == 1
	if vcl {
		r.hrd()
	}
	if nal || vcl {
		r.bits(1) // low_delay_hrd_flag
	}
	r.bits(1)           // pic_struct_present_flag
	if r.bits(1) == 0 { // bitstream_restriction_flag
		return -1
	}
	r.bits(1) // motion_vectors_over_pic_boundaries_flag
	for range 4 {
		r.ue() // max_bytes_per_pic_denom … log2_max_mv_length_vertical
	}
	return int(r.ue())
}

// hrd skips hrd_parameters (H.264 §E.1.2).
func (r *bitReader) hrd() {
	n := r.ue() + 1
	r.bad = r.bad || n > 32
	r.bits(8) // bit_rate_scale, cpb_size_scale
	for ; n > 0 && !r.bad; n-- {
		r.ue()
		r.ue()
		r.bits(1)
	}
	r.bits(20) // four lengths
}

// nearBT709 says which of two sets of coefficients matrix_coefficients is nearer to.
func nearBT709(code uint) bool {
	return code == matrixBT709 || code == matrixSMPTE240 || code == matrixBT2020
}
