package yuv_test

import (
	"image"
	"math"
	"testing"

	"pgregory.net/rapid"

	"tilemix/codec/yuv"
)

func randomMask(t *rapid.T, r image.Rectangle) *image.Alpha {
	mask := image.NewAlpha(r)
	alpha := rapid.SampledFrom([]uint8{0, 0, 0, 255, 255, 1, 128, 254})
	runs := rapid.SliceOfN(rapid.IntRange(1, 40), 1, 8).Draw(t, "runs")
	for i, n := 0, 0; i < len(mask.Pix); n++ {
		a := alpha.Draw(t, "alpha")
		for range runs[n%len(runs)] {
			if i < len(mask.Pix) {
				mask.Pix[i] = a
				i++
			}
		}
	}
	return mask
}

// TestBlend holds Blend against the plain formula, pixel by pixel.
func TestBlend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 50).Draw(t, "w"), rapid.IntRange(1, 20).Draw(t, "h")
		mw, mh := rapid.IntRange(1, 60).Draw(t, "mask w"), rapid.IntRange(1, 12).Draw(t, "mask h")
		mask := randomMask(t, image.Rect(-3, 5, -3+mw, 5+mh))
		dst := noise(w, h, 7)
		x, y := rapid.IntRange(-70, 60).Draw(t, "x"), rapid.IntRange(-15, 25).Draw(t, "y")
		before := clone(dst)
		yuv.Blend(dst, dst.Rect.Min.Add(image.Pt(x, y)), mask, 235, 16, 200)

		alpha := func(px, py int) float64 {
			return float64(mask.AlphaAt(px-x+mask.Rect.Min.X, py-y+mask.Rect.Min.Y).A) / 255
		}
		check := func(what string, px, py int, got, was uint8, c, a float64) {
			if want := float64(was) + (c-float64(was))*a; math.Abs(float64(got)-want) > 0.51 {
				t.Fatalf("%s at %d,%d is %d, want %.2f", what, px, py, got, want)
			}
		}
		for py := range h {
			for px := range w {
				got, was := at(dst, px, py), at(before, px, py)
				check("luma", px, py, got.Y, was.Y, 235, alpha(px, py))
				var sum, n float64
				for qy := py &^ 1; qy < min(py&^1+2, h); qy++ {
					for qx := px &^ 1; qx < min(px&^1+2, w); qx++ {
						sum, n = sum+alpha(qx, qy), n+1
					}
				}
				check("Cb", px, py, got.Cb, was.Cb, 16, sum/n)
				check("Cr", px, py, got.Cr, was.Cr, 200, sum/n)
			}
		}
	})
}

func TestBlendStaysInside(t *testing.T) {
	img := image.NewYCbCr(image.Rect(0, 0, 64, 64), image.YCbCrSubsampleRatio420)
	yuv.Fill(img, 50, 50, 50)
	part := yuv.View(img, image.Rect(16, 16, 48, 48))
	mask := image.NewAlpha(image.Rect(0, 0, 100, 100))
	for i := range mask.Pix {
		mask.Pix[i] = 255
	}
	yuv.Blend(&part, image.Pt(-5, -5), mask, 200, 100, 150)
	want := clone(img)
	yuv.Fill(want, 50, 50, 50)
	inner := yuv.View(want, part.Rect)
	yuv.Fill(&inner, 200, 100, 150)
	if !equal(img, want) {
		t.Error("painted outside of the view, or not all of it")
	}
}

func TestBlendEmptyMask(t *testing.T) {
	img := noise(8, 8, 1)
	want := clone(img)
	yuv.Blend(img, image.Point{}, &image.Alpha{}, 0, 0, 0)
	if !equal(img, want) {
		t.Error("an empty mask painted")
	}
}
