package yuv_test

import (
	"fmt"
	"image"
	"testing"

	"tilemix/codec/yuv"
)

// sizes have all kinds of ratio: halves, thirds, what is between, odd sizes, growth, and
// one axis alone.
var sizes = []struct {
	src, dst image.Point
	min      float64 // dB that every plane is like the scene; less where its waves are hardly longer than two samples
}{
	{image.Pt(640, 360), image.Pt(480, 270), 45},
	{image.Pt(640, 360), image.Pt(426, 240), 45},
	{image.Pt(640, 360), image.Pt(320, 180), 45},
	{image.Pt(640, 360), image.Pt(316, 178), 45},
	{image.Pt(640, 360), image.Pt(256, 144), 40},
	{image.Pt(639, 360), image.Pt(213, 120), 40},
	{image.Pt(640, 360), image.Pt(212, 120), 40},
	{image.Pt(640, 360), image.Pt(160, 90), 30},
	{image.Pt(640, 360), image.Pt(308, 174), 45},
	{image.Pt(640, 360), image.Pt(202, 114), 40},
	{image.Pt(640, 360), image.Pt(150, 84), 30},
	{image.Pt(640, 480), image.Pt(480, 360), 45},
	{image.Pt(494, 370), image.Pt(426, 240), 40},
	{image.Pt(494, 370), image.Pt(246, 184), 40},
	{image.Pt(494, 370), image.Pt(160, 120), 35},
	{image.Pt(495, 371), image.Pt(320, 240), 40},
	{image.Pt(495, 371), image.Pt(123, 91), 25},
	{image.Pt(321, 181), image.Pt(320, 180), 40},
	{image.Pt(160, 90), image.Pt(640, 360), 28},
	{image.Pt(321, 181), image.Pt(640, 360), 40},
	{image.Pt(320, 180), image.Pt(640, 90), 35},
	{image.Pt(640, 360), image.Pt(640, 180), 40},
	{image.Pt(640, 360), image.Pt(320, 360), 40},
	{image.Pt(640, 360), image.Pt(80, 180), 15},
}

// TestScale scales a scene and holds it against the same scene drawn in the size wanted: a
// shift of a plane, or a filter that leaves pixels out, falls below the limits.
func TestScale(t *testing.T) {
	for _, s := range sizes {
		t.Run(fmt.Sprint(s.src, s.dst), func(t *testing.T) {
			src := noise(s.src.X, s.src.Y, 1)
			yuv.Copy(src, scenery(s.src.X, s.src.Y))
			got := noise(s.dst.X, s.dst.Y, 2)
			yuv.Scale(got, src)
			for plane, db := range psnr(got, scenery(s.dst.X, s.dst.Y)) {
				t.Logf("plane %d: %.1f dB", plane, db)
				if db < s.min {
					t.Errorf("plane %d is %.1f dB from the scene, want %.0f", plane, db, s.min)
				}
			}
		})
	}
}

// TestScaleWays holds vector code, plain C and plain Go against each other on noise.
func TestScaleWays(t *testing.T) {
	for _, s := range sizes {
		src := noise(s.src.X, s.src.Y, 1)
		got, c, plain := noise(s.dst.X, s.dst.Y, 2), noise(s.dst.X, s.dst.Y, 3), noise(s.dst.X, s.dst.Y, 4)
		yuv.Scale(got, src)
		yuv.ScaleC(c, src)
		yuv.ScaleGo(plain, src)
		if !equal(got, plain) || !equal(c, plain) {
			t.Errorf("%v to %v: vectors %.1f, plain C %.1f dB from plain Go", s.src, s.dst, psnr(got, plain), psnr(c, plain))
		}
	}
}

func TestScaleSameSizeIsACopy(t *testing.T) {
	src := noise(494, 370, 1)
	dst := blank(src)
	yuv.Scale(dst, src)
	if !equal(dst, src) {
		t.Error("pixels differ")
	}
}

// TestScaleStaysInside scales between views in the middle of larger pictures: what
// is around dst stays, what is around src is not seen.
func TestScaleStaysInside(t *testing.T) {
	for _, s := range sizes {
		img := image.NewYCbCr(image.Rect(0, 0, s.dst.X+40, s.dst.Y+40), image.YCbCrSubsampleRatio420)
		yuv.Fill(img, 50, 50, 50)
		want := clone(img)
		dst := yuv.View(img, image.Rect(20, 20, 20+s.dst.X, 20+s.dst.Y))
		src := noise(s.src.X, s.src.Y, 1)
		yuv.Fill(src, 200, 100, 150)
		yuv.Scale(&dst, src)
		inner := yuv.View(want, dst.Rect)
		yuv.Fill(&inner, 200, 100, 150)
		if !equal(img, want) {
			t.Errorf("%v to %v: wrong pixels in or around the view", s.src, s.dst)
		}
	}
}

// TestScaleSmall goes through all small sizes: nothing crashes, and one colour
// stays one colour.
func TestScaleSmall(t *testing.T) {
	for n := range 6 * 6 * 6 * 6 {
		src := noise(n%6+1, n/6%6+1, 1)
		dst, twin := noise(n/36%6+1, n/216+1, 2), noise(n/36%6+1, n/216+1, 3)
		want := clone(dst)
		yuv.Fill(src, 200, 100, 150)
		yuv.Fill(want, 200, 100, 150)
		yuv.Scale(dst, src)
		yuv.ScaleGo(twin, src)
		if !equal(dst, want) || !equal(twin, want) {
			t.Fatalf("%v to %v: one colour became several", src.Rect.Size(), dst.Rect.Size())
		}
	}
}

func TestScaleEmpty(t *testing.T) {
	empty := yuv.View(noise(8, 8, 1), image.Rectangle{})
	dst := noise(8, 8, 2)
	want := clone(dst)
	yuv.Scale(dst, &empty)
	yuv.Scale(&empty, dst)
	if !equal(dst, want) {
		t.Error("an empty picture painted")
	}
}
