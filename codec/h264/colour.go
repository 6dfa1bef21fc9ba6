package h264

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"tilemix/codec/yuv"
)

// Codes of H.264 Tables E-2 to E-5.
const (
	videoFormatUnspecified = 5
	// colourSMPTE170M is BT.601 with 525 lines, in all three tables.
	colourSMPTE170M = 6

	matrixBT709    = 1
	matrixSMPTE240 = 7
	matrixBT2020   = 9
)

// colourOf returns how samples stand for colours (H.264 §E.2.1). Of the primaries and the transfer
// characteristics it takes no notice, because they hardly differ between the standards for SDR. What
// is absent, unspecified or cut off counts as BT.601 in limited range, because that is what cameras
// send whose sets say nothing.
func colourOf(v *h264.SPS_VUI, cut bool) (c yuv.Colour) {
	// Primaries of 0 are reserved: there the set was cut off before them.
	if cut && v.ColourDescriptionPresentFlag && v.ColourPrimaries == 0 {
		return yuv.Colour{}
	}
	return yuv.Colour{FullRange: v.VideoFullRangeFlag, BT709: nearBT709(v.MatrixCoefficients)}
}

// nearBT709 reports which of two sets of coefficients matrix_coefficients is nearer to.
func nearBT709(code uint8) bool {
	return code == matrixBT709 || code == matrixSMPTE240 || code == matrixBT2020
}
