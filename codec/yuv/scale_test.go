package yuv_test

import (
	"fmt"
	"image"
	"testing"

	"tilemix/codec/yuv"
)

var sizes = []struct {
	src, dst image.Point
	min      float64 // dB that every plane must reach
}{
	{image.Pt(640, 360), image.Pt(480, 270), 45},
	{image.Pt(640, 360), image.Pt(426, 240), 45},
	{image.Pt(640, 360), image.Pt(320, 180), 60},
	{image.Pt(640, 360), image.Pt(316, 178), 42},
	{image.Pt(640, 360), image.Pt(256, 144), 40},
	{image.Pt(639, 360), image.Pt(213, 120), 40},
	{image.Pt(640, 360), image.Pt(212, 120), 40},
	{image.Pt(1280, 720), image.Pt(320, 180), 50},
	{image.Pt(1280, 720), image.Pt(256, 144), 38},
	{image.Pt(640, 480), image.Pt(480, 360), 45},
	{image.Pt(494, 370), image.Pt(426, 240), 40},
	{image.Pt(494, 370), image.Pt(246, 184), 40},
	{image.Pt(494, 370), image.Pt(160, 120), 40},
	{image.Pt(495, 371), image.Pt(320, 240), 40},
	{image.Pt(495, 371), image.Pt(123, 91), 40},
	// Enlarging, libyuv lays the centres of the outer pixels on each other: half a
	// source pixel out at the edges, nothing in the middle.
	{image.Pt(320, 180), image.Pt(1280, 720), 29},
	{image.Pt(321, 181), image.Pt(640, 360), 32},
	{image.Pt(640, 360), image.Pt(1280, 180), 40},
}

// TestScale holds Scale against the plain Go code on sharp pictures: half a pixel's
// shift of a plane, or a filter that leaves pixels out, falls below the limits.
func TestScale(t *testing.T) {
	for _, s := range sizes {
		t.Run(fmt.Sprint(s.src, s.dst), func(t *testing.T) {
			src := noise(s.src.X, s.src.Y, 1)
			yuv.Copy(src, scenery(s.src.X, s.src.Y))
			got, want := noise(s.dst.X, s.dst.Y, 2), noise(s.dst.X, s.dst.Y, 3)
			yuv.Scale(got, src)
			yuv.ScaleGo(want, src)
			for plane, db := range psnr(got, want) {
				t.Logf("plane %d: %.1f dB", plane, db)
				if db < s.min {
					t.Errorf("plane %d is %.1f dB from the oracle, want %.0f", plane, db, s.min)
				}
			}
			for plane, db := range psnr(want, scenery(s.dst.X, s.dst.Y)) {
				if db < 22 {
					t.Errorf("plane %d of the oracle is %.1f dB from the scene", plane, db)
				}
			}
		})
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
