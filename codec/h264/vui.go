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

// colour reads on behind frame_mbs_only_flag and its companion, up to the colour description
// (H.264 §7.3.2.1.1, §E.1.1). What is absent, unspecified or cut off counts as
// BT.601 in limited range: that is what cameras send who say nothing. Of the
// primaries and the transfer characteristics it takes no notice, as they hardly
// differ between the standards for SDR.
func (r *bitReader) colour() (c yuv.Colour) {
	r.bits(1) // direct_8x8_inference_flag
	if r.bits(1) == 1 {
		for range 4 {
			r.ue() // frame_crop_…_offset
		}
	}
	if r.bits(1) == 0 { // vui_parameters_present_flag
		return yuv.Colour{}
	}
	if r.bits(1) == 1 && r.bits(8) == aspectExtended {
		r.bits(32) // sar_width, sar_height
	}
	if r.bits(1) == 1 { // overscan_info_present_flag
		r.bits(1)
	}
	if r.bits(1) == 0 { // video_signal_type_present_flag
		return yuv.Colour{}
	}
	r.bits(3) // video_format
	c.FullRange = r.bits(1) == 1
	if r.bits(1) == 1 { // colour_description_present_flag
		r.bits(16) // colour_primaries, transfer_characteristics
		c.BT709 = nearBT709(r.bits(8))
	}
	if r.bad {
		return yuv.Colour{}
	}
	return c
}

// nearBT709 says which of two sets of coefficients matrix_coefficients is nearer to.
func nearBT709(code uint) bool {
	return code == matrixBT709 || code == matrixSMPTE240 || code == matrixBT2020
}
