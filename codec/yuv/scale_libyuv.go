//go:build cgo

package yuv

/*
#cgo LDFLAGS: -lyuv
#cgo noescape I420Scale
#cgo nocallback I420Scale
#include <libyuv/scale.h>
*/
import "C"

import "unsafe"

// scale is libyuv's. Only its own lack of memory makes it fail.
func scale(dst, src *[3]plane) {
	r := C.I420Scale(
		ptr(&src[0]), C.int(src[0].stride),
		ptr(&src[1]), C.int(src[1].stride),
		ptr(&src[2]), C.int(src[2].stride),
		C.int(src[0].w), C.int(src[0].h),
		ptr(&dst[0]), C.int(dst[0].stride),
		ptr(&dst[1]), C.int(dst[1].stride),
		ptr(&dst[2]), C.int(dst[2].stride),
		C.int(dst[0].w), C.int(dst[0].h),
		C.kFilterBox)
	if r != 0 {
		scaleGo(dst, src)
	}
}

func ptr(p *plane) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(p.pix)) }
