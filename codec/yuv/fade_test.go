package yuv_test

import (
	"image"
	"testing"

	"tilemix/codec/yuv"
)

// TestFade moves each value towards each other one, exactly at both ends and to within one between, and
// nothing outside of what both pictures have.
func TestFade(t *testing.T) {
	for _, alpha := range []uint8{0, 1, 127, 254, 255} {
		dst, src := image.NewYCbCr(image.Rect(0, 0, 256, 256), image.YCbCrSubsampleRatio420), image.NewYCbCr(image.Rect(0, 0, 254, 256), image.YCbCrSubsampleRatio420)
		for y := range 256 {
			for x := range 256 {
				dst.Y[y*dst.YStride+x] = uint8(x)
				if x < 254 {
					src.Y[y*src.YStride+x] = uint8(y)
				}
			}
		}
		yuv.Fade(dst, src, alpha)
		for y := range 256 {
			for x := range 256 {
				want := x
				if x < 254 {
					want = (x*(255-int(alpha)) + y*int(alpha) + 127) / 255
				}
				got := int(dst.Y[y*dst.YStride+x])
				if got-want > 1 || want-got > 1 || alpha%255 == 0 && got != want {
					t.Fatalf("%d of 255 from %d to %d is %d, not %d", alpha, x, y, got, want)
				}
			}
		}
	}
}
