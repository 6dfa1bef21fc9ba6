package h264

import (
	"fmt"

	openh264 "github.com/y9o/go-openh264"

	"tilemix/codec"
)

// level is a row of H.264 Table A-1.
type level struct {
	idc       uint32
	mbRate    int // macroblocks a second
	frameSize int // macroblocks
	bitrate   int // bits a second
}

// maxBitrate is that of the highest level.
const maxBitrate = 240_000_000

var levels = []level{
	{openh264.LEVEL_1_0, 1485, 99, 64_000},
	{openh264.LEVEL_1_1, 3000, 396, 192_000},
	{openh264.LEVEL_1_2, 6000, 396, 384_000},
	{openh264.LEVEL_1_3, 11880, 396, 768_000},
	{openh264.LEVEL_2_0, 11880, 396, 2_000_000},
	{openh264.LEVEL_2_1, 19800, 792, 4_000_000},
	{openh264.LEVEL_2_2, 20250, 1620, 4_000_000},
	{openh264.LEVEL_3_0, 40500, 1620, 10_000_000},
	{openh264.LEVEL_3_1, 108000, 3600, 14_000_000},
	{openh264.LEVEL_3_2, 216000, 5120, 20_000_000},
	{openh264.LEVEL_4_0, 245760, 8192, 20_000_000},
	{openh264.LEVEL_4_1, 245760, 8192, 50_000_000},
	{openh264.LEVEL_4_2, 522240, 8704, 50_000_000},
	{openh264.LEVEL_5_0, 589824, 22080, 135_000_000},
	{openh264.LEVEL_5_1, 983040, 36864, 240_000_000},
	{openh264.LEVEL_5_2, 2073600, 36864, 240_000_000},
}

// levelFor returns the lowest level that holds cfg.
func levelFor(cfg codec.VideoConfig) (uint32, error) {
	if cfg.Width < 16 || cfg.Height < 16 || cfg.Width%2 != 0 || cfg.Height%2 != 0 {
		return 0, fmt.Errorf("h264: size %dx%d must be even and at least 16x16", cfg.Width, cfg.Height)
	}
	if cfg.FrameRate <= 0 || cfg.Bitrate <= 0 {
		return 0, fmt.Errorf("h264: frame rate %d and bitrate %d must be positive", cfg.FrameRate, cfg.Bitrate)
	}
	w, h := (cfg.Width+15)/16, (cfg.Height+15)/16
	for _, l := range levels {
		// A side may be as long as the root of eight times the frame (A.3.1).
		if w*h <= l.frameSize && max(w*w, h*h) <= 8*l.frameSize &&
			w*h*cfg.FrameRate <= l.mbRate && cfg.Bitrate <= l.bitrate {
			return l.idc, nil
		}
	}
	return 0, fmt.Errorf("h264: no level holds %dx%d at %d pictures and %d bits a second",
		cfg.Width, cfg.Height, cfg.FrameRate, cfg.Bitrate)
}

// encoderParams returns the library's settings. What is left zero matters too:
// no periodic IDR and none at a change of scene, since key frames are the
// caller's budget and each holds up a slow line; no frame skip, since the rate
// control holds the bitrate without (within 1 % on webcams); no background detection,
// since it keeps still pictures blurred (doc.go); CAVLC, no prefix NAL units, no SEI.
// The set says what the samples mean (H.264 §E.2.1), since receivers that are told
// nothing guess, and some guess BT.709.
func encoderParams(cfg codec.VideoConfig, lv uint32) *openh264.SEncParamExt {
	p := &openh264.SEncParamExt{
		IUsageType:               openh264.CAMERA_VIDEO_REAL_TIME,
		IPicWidth:                int32(cfg.Width),
		IPicHeight:               int32(cfg.Height),
		ITargetBitrate:           int32(cfg.Bitrate),
		IRCMode:                  openh264.RC_BITRATE_MODE,
		FMaxFrameRate:            float32(cfg.FrameRate),
		ITemporalLayerNum:        1,
		ISpatialLayerNum:         1,
		IComplexityMode:          openh264.LOW_COMPLEXITY,
		INumRefFrame:             1,
		ESpsPpsIdStrategy:        openh264.CONSTANT_ID,
		IMaxQp:                   51,
		IMultipleThreadIdc:       1,
		BEnableFrameCroppingFlag: true,
		// An IDR may take four times an average picture's bits.
		IIdrBitrateRatio: 400,
	}
	p.SSpatialLayers[0] = openh264.SSpatialLayerConfig{
		IVideoWidth:     p.IPicWidth,
		IVideoHeight:    p.IPicHeight,
		FFrameRate:      p.FMaxFrameRate,
		ISpatialBitrate: p.ITargetBitrate,
		UiProfileIdc:    openh264.PRO_BASELINE,
		UiLevelIdc:      lv,
		SSliceArgument:  openh264.SSliceArgument{UiSliceMode: openh264.SM_SINGLE_SLICE},

		BVideoSignalTypePresent:   true,
		UiVideoFormat:             videoFormatUnspecified,
		BFullRange:                false,
		BColorDescriptionPresent:  true,
		UiColorPrimaries:          colourSMPTE170M,
		UiTransferCharacteristics: colourSMPTE170M,
		UiColorMatrix:             colourSMPTE170M,
	}
	return p
}
