package yuv_test

import (
	"image"
	"math"
	"testing"

	"tilemix/codec/yuv"
)

// TestVeil holds Veil against the plain formula in part of a picture, and the rest to
// staying as it is.
func TestVeil(t *testing.T) {
	for _, alpha := range []uint8{0, 1, 100, 254, 255} {
		dst := noise(30, 20, 7)
		before := clone(dst)
		part := yuv.View(dst, image.Rect(4, 6, 24, 16).Add(dst.Rect.Min))
		yuv.Veil(&part, alpha, 16, 128, 240)
		for y := range 20 {
			for x := range 30 {
				got, was := at(dst, x, y), at(before, x, y)
				a := 0.0
				if image.Pt(x, y).In(image.Rect(4, 6, 24, 16)) {
					a = float64(alpha) / 255
				}
				for _, c := range [...][3]float64{
					{float64(got.Y), float64(was.Y), 16}, {float64(got.Cb), float64(was.Cb), 128}, {float64(got.Cr), float64(was.Cr), 240},
				} {
					if want := c[1] + (c[2]-c[1])*a; math.Abs(c[0]-want) > 0.51 {
						t.Fatalf("alpha %d at %d,%d: %v, want %.2f", alpha, x, y, c[0], want)
					}
				}
			}
		}
	}
}
