package yuv_test

import (
	"image"
	"math"
	"testing"

	"tilemix/codec/yuv"
)

// zonePlate returns 720p in which waves become shorter from the middle outwards, to two
// pixels in the corners.
func zonePlate() *image.YCbCr {
	img := image.NewYCbCr(image.Rect(0, 0, 1280, 720), image.YCbCrSubsampleRatio420)
	yuv.Fill(img, 128, 128, 128)
	for i := range img.Y {
		x, y := float64(i%1280)-639.5, float64(i/1280)-359.5
		img.Y[i] = byte(128.5 + 94*math.Cos(math.Pi*(x*x+y*y)*0.5/734))
	}
	return img
}

// contrast returns the standard deviation of the pixels of a scaled zone plate whose waves
// have from to to periods a pixel.
func contrast(img *image.YCbCr, from, to float64) float64 {
	step := 1280 / float64(img.Rect.Dx())
	var n, sum, squares float64
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			dx, dy := float64(2*x+1-img.Rect.Dx())/2, float64(2*y+1-img.Rect.Dy())/2
			if f := math.Hypot(dx, dy) * step * step * 0.5 / 734; from <= f && f < to {
				v := float64(img.Y[img.YOffset(x, y)])
				n, sum, squares = n+1, sum+v, squares+v*v
			}
		}
	}
	return math.Sqrt(squares/n - sum*sum/n/n)
}

// TestScaleAliases shrinks a zone plate. Waves that the small picture can show stay, and those
// that it cannot show vanish, instead of becoming long ones.
func TestScaleAliases(t *testing.T) {
	src := zonePlate()
	for _, size := range []image.Point{{640, 360}, {618, 348}, {426, 240}, {406, 228}, {320, 180}, {302, 170}, {256, 144}} {
		img := image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420)
		yuv.Scale(img, src)
		shown, beyond := contrast(img, 0.2, 0.3), contrast(img, 0.625, math.Inf(1))
		t.Logf("%v: contrast at 0.25 periods a pixel %.1f, beyond 0.6: %.1f", size, shown, beyond)
		if shown < 60 || beyond > 12 {
			t.Errorf("%v: contrast at 0.25 periods a pixel is %.1f, want 60; beyond 0.6 it is %.1f, want 12 at most", size, shown, beyond)
		}
	}
}
