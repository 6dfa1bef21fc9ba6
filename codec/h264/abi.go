package h264

import (
	"unsafe"

	openh264 "github.com/y9o/go-openh264"
)

// OpenH264 2.6 appends fields for PSNR to three structures (codec_app_def.h), of which
// go-openh264 has the layouts of 2.3 to 2.5. The types here are as long as those of 2.6. The
// longer tails stay zero, which asks for no PSNR, and earlier versions do not read them.
type (
	// extendedParams is SEncParamExt.
	extendedParams struct {
		openh264.SEncParamExt
		_ [4]bool // psnr
	}
	// sourcePicture is SSourcePicture.
	sourcePicture struct {
		openh264.SSourcePicture
		_ [8]bool // psnr
	}
	// wideLayer is SLayerBSInfo of 2.6.
	wideLayer struct {
		openh264.SLayerBSInfo
		psnr [3]float32
	}
	// wideInfo is SFrameBSInfo of 2.6.
	wideInfo struct {
		layerNum  int32
		layer     [128]wideLayer
		frameType uint32
		size      int32
		timestamp int64
	}
)

// frameInfo is SFrameBSInfo as the loaded library lays it out. The zero value is that of a
// library before 2.6.
type frameInfo struct {
	data wideInfo // the narrow one fits into it
	wide bool
}

// c returns the structure for the library to fill.
func (f *frameInfo) c() *openh264.SFrameBSInfo {
	return (*openh264.SFrameBSInfo)(unsafe.Pointer(&f.data))
}

// layers returns the number of layers.
func (f *frameInfo) layers() int { return int(f.data.layerNum) }

// layer returns the layer with index i. Its memory is the library's.
func (f *frameInfo) layer(i int) *openh264.SLayerBSInfo {
	if f.wide {
		return &f.data.layer[i].SLayerBSInfo
	}
	return &f.c().SLayerInfo[i]
}

// frameType returns the kind of picture that was encoded.
func (f *frameInfo) frameType() uint32 {
	if f.wide {
		return f.data.frameType
	}
	return f.c().EFrameType
}
