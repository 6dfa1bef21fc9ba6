//go:build cgo

package yuv

/*
#cgo LDFLAGS: -lyuv
#cgo noescape scale
#cgo nocallback scale
#include <stdlib.h>
#include <libyuv/scale.h>

// part returns what is left of an axis of n pixels that is to become dst long: half
// from 9/4 on, all below. Odd halves are rounded up.
static int part(int n, int dst) { return 4 * n >= 9 * dst ? (n + 1) / 2 : n; }

// scale scales one plane by libyuv's bilinear filter, which is sharp and true as
// long as it skips no source pixel; from 9/4 down the plane is halved first, which
// costs little. libyuv's box filter takes two to three times as long unless the ratio is 1/4,
// is 5 to 10 dB further from the exact mean between whole ratios, as it knows
// whole source pixels alone, and darkens the picture.
static void scale(const uint8_t *src, int src_stride, int src_w, int src_h,
                  uint8_t *dst, int dst_stride, int dst_w, int dst_h) {
	int w = part(src_w, dst_w), h = part(src_h, dst_h);
	uint8_t *half = NULL;
	if (w != src_w || h != src_h)
		half = malloc((size_t)w * h);
	if (half) {
		ScalePlane(src, src_stride, src_w, src_h, half, w, w, h, kFilterBilinear);
		scale(half, w, w, h, dst, dst_stride, dst_w, dst_h);
		free(half);
	} else {
		ScalePlane(src, src_stride, src_w, src_h, dst, dst_stride, dst_w, dst_h, kFilterBilinear);
	}
}
*/
import "C"

import "unsafe"

func scale(dst, src *[3]plane) {
	for i := range dst {
		d, s := &dst[i], &src[i]
		C.scale(
			ptr(s), C.int(s.stride), C.int(s.w), C.int(s.h),
			ptr(d), C.int(d.stride), C.int(d.w), C.int(d.h))
	}
}

func ptr(p *plane) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(p.pix)) }
