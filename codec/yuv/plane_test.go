package yuv_test

import (
	"image"
	"image/color"
	"testing"

	"pgregory.net/rapid"

	"tilemix/codec/yuv"
)

func TestView(t *testing.T) {
	img := image.NewYCbCr(image.Rect(0, 0, 33, 21), image.YCbCrSubsampleRatio420)
	for _, c := range []struct{ ask, want image.Rectangle }{
		{image.Rect(0, 0, 33, 21), image.Rect(0, 0, 33, 21)},
		{image.Rect(4, 2, 20, 10), image.Rect(4, 2, 20, 10)},
		{image.Rect(5, 3, 20, 10), image.Rect(4, 2, 20, 10)},
		{image.Rect(-8, -8, 100, 100), image.Rect(0, 0, 33, 21)},
		{image.Rect(32, 20, 33, 21), image.Rect(32, 20, 33, 21)},
		{image.Rect(40, 0, 50, 10), image.Rectangle{}},
		{image.Rect(4, 4, 4, 8), image.Rectangle{}},
	} {
		v := yuv.View(img, c.ask)
		if v.Rect != c.want {
			t.Errorf("View %v has bounds %v, want %v", c.ask, v.Rect, c.want)
		}
		yuv.Fill(img, 0, 0, 0)
		yuv.Fill(&v, 1, 2, 3)
		for y := range 21 {
			for x := range 33 {
				got := img.YCbCrAt(x, y).Y == 1
				if want := image.Pt(x, y).In(c.want); got != want {
					t.Fatalf("View %v: pixel %d,%d painted: %v, want %v", c.ask, x, y, got, want)
				}
			}
		}
	}
}

func TestViewOfView(t *testing.T) {
	img := noise(64, 48, 1)
	r := img.Rect.Inset(8)
	outer := yuv.View(img, r)
	inner := yuv.View(&outer, r.Inset(4))
	want := yuv.View(img, r.Inset(4))
	if inner.Rect != want.Rect || !equal(&inner, &want) {
		t.Error("a view of a view is another part of the picture")
	}
}

func TestFillStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 40).Draw(t, "w"), rapid.IntRange(1, 40).Draw(t, "h")
		x, y := 2*rapid.IntRange(0, 8).Draw(t, "x"), 2*rapid.IntRange(0, 8).Draw(t, "y")
		img := image.NewYCbCr(image.Rect(0, 0, 60, 60), image.YCbCrSubsampleRatio420)
		v := yuv.View(img, image.Rect(x, y, x+w, y+h))
		yuv.Fill(&v, 10, 20, 30)
		var sum [3]int
		for i, p := range [][]byte{img.Y, img.Cb, img.Cr} {
			for _, b := range p {
				sum[i] += int(b)
			}
		}
		c := (w + 1) / 2 * ((h + 1) / 2)
		if sum != [3]int{10 * w * h, 20 * c, 30 * c} {
			t.Fatalf("painted %v in all", sum)
		}
		if got := at(&v, w-1, h-1); got != (color.YCbCr{Y: 10, Cb: 20, Cr: 30}) {
			t.Fatalf("last pixel is %v", got)
		}
	})
}

func TestCopy(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 2}, {494, 370}, {495, 371}, {64, 48}} {
		src := noise(size[0], size[1], 2)
		dst := blank(src)
		yuv.Copy(dst, src)
		if !equal(dst, src) {
			t.Errorf("%v: the copy differs", size)
		}
		want := clone(src)
		yuv.Fill(src, 0, 0, 0)
		if !equal(dst, want) {
			t.Errorf("%v: the copy shares the source's memory", size)
		}
	}
}

func TestCopyOfAnotherSizeCopiesWhatFits(t *testing.T) {
	src, dst := noise(20, 40, 3), noise(30, 10, 4)
	before := clone(dst)
	yuv.Copy(dst, src)
	for y := range 10 {
		for x := range 30 {
			want := at(before, x, y)
			if x < 20 {
				want = at(src, x, y)
			}
			if got := at(dst, x, y); got != want {
				t.Fatalf("pixel %d,%d is %v, want %v", x, y, got, want)
			}
		}
	}
}

func TestPictureMisusePanics(t *testing.T) {
	good := image.NewYCbCr(image.Rect(0, 0, 16, 16), image.YCbCrSubsampleRatio420)
	short := *good
	short.Cr = short.Cr[:60]
	narrow := *good
	narrow.YStride = 15
	other := image.NewYCbCr(good.Rect, image.YCbCrSubsampleRatio444)
	for name, bad := range map[string]*image.YCbCr{"short": &short, "narrow": &narrow, "4:4:4": other} {
		for op, f := range map[string]func(){
			"Fill":       func() { yuv.Fill(bad, 0, 0, 0) },
			"Copy":       func() { yuv.Copy(good, bad) },
			"Scale":      func() { yuv.Scale(good, bad) },
			"Scale onto": func() { yuv.Scale(bad, good) },
			"ToCanvas":   func() { yuv.ToCanvas(bad, yuv.Colour{BT709: true}) },
			"Blend":      func() { yuv.Blend(bad, image.Point{}, image.NewAlpha(image.Rect(0, 0, 1, 1)), 0, 0, 0) },
		} {
			t.Run(name+"/"+op, func(t *testing.T) {
				defer func() {
					if recover() == nil {
						t.Error("no panic")
					}
				}()
				f()
			})
		}
	}
}

func TestNothingAllocates(t *testing.T) {
	src, dst := noise(494, 370, 1), noise(246, 184, 2)
	mask := image.NewAlpha(image.Rect(0, 0, 200, 24))
	var large, small yuv.Scaler
	if n := testing.AllocsPerRun(20, func() {
		part := yuv.View(src, image.Rect(20, 20, 220, 120))
		yuv.Fill(&part, 1, 2, 3)
		yuv.Copy(&part, dst)
		large.Scale(dst, src)
		small.Scale(&part, dst)
		yuv.Blend(dst, image.Pt(3, 5), mask, 1, 2, 3)
		yuv.ToCanvas(dst, yuv.Colour{FullRange: true})
		yuv.ToCanvas(dst, yuv.Colour{BT709: true})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
