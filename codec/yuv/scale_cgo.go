//go:build cgo

package yuv

/*
#cgo noescape yuv_halve
#cgo nocallback yuv_halve
#cgo noescape yuv_resample
#cgo nocallback yuv_resample
#include "scale.h"
*/
import "C"

import "unsafe"

func halve(dst, src *plane, across, down bool, row []byte, how way) {
	if how == plainGo {
		halveGo(dst, src, across, down, row)
		return
	}
	C.yuv_halve(
		ptr(src), C.int(src.stride), C.int(src.w), C.int(src.h),
		ptr(dst), C.int(dst.stride), C.int(dst.w), C.int(dst.h),
		C.bool(across), C.bool(down), line(row), C.bool(how == plainC))
}

func resample(dst, src *plane, across, down *axis, row []byte, how way) {
	if how == plainGo {
		resampleGo(dst, src, across, down, row)
		return
	}
	C.yuv_resample(
		ptr(src), C.int(src.stride), C.int(src.w), C.int(src.h),
		ptr(dst), C.int(dst.stride), C.int(dst.w), C.int(dst.h),
		(*C.int32_t)(&down.first[0]), (*C.int8_t)(&down.weights[0]), C.int(down.taps),
		(*C.int32_t)(&across.base[0]), (*C.uint8_t)(&across.mask[0]), (*C.int8_t)(&across.lanes[0]),
		C.int(across.taps), line(row), C.bool(how == plainC))
}

func ptr(p *plane) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(p.pix)) }

// line returns where the samples of a row begin, behind its margin.
func line(row []byte) *C.uint8_t { return (*C.uint8_t)(&row[marginLeft]) }
