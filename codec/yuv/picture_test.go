package yuv_test

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"

	"tilemix/codec/yuv"
)

// noise returns a w×h picture of random pixels with padded rows, in the middle of
// a larger one, so that it is also a view.
func noise(w, h int, seed uint64) *image.YCbCr {
	rnd := rand.New(rand.NewPCG(seed, 1))
	whole := image.NewYCbCr(image.Rect(0, 0, w+21, h+13), image.YCbCrSubsampleRatio420)
	for _, p := range [][]byte{whole.Y, whole.Cb, whole.Cr} {
		for i := range p {
			p[i] = byte(rnd.Uint32())
		}
	}
	v := yuv.View(whole, image.Rect(6, 4, 6+w, 4+h))
	return &v
}

// scenery returns a w×h picture of waves of several lengths, none shorter than 1/30
// of its width: as sharp as a camera's, and the same at every size.
func scenery(w, h int) *image.YCbCr {
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	wave := func(x, y, fx, fy float64) float64 { return math.Sin(2 * math.Pi * (fx*x + fy*y)) }
	paint := func(p []byte, stride, w, h int, step, dx, dy float64) {
		for y := range h {
			for x := range w {
				u, v := (float64(x)+0.5)*step/dx, (float64(y)+0.5)*step/dy
				p[y*stride+x] = byte(128 + 40*wave(u, v, 3, 2) + 40*wave(u, v, 11, -7) + 30*wave(u, v, 25, 16))
			}
		}
	}
	paint(img.Y, img.YStride, w, h, 1, float64(w), float64(h))
	paint(img.Cb, img.CStride, (w+1)/2, (h+1)/2, 2, float64(w), float64(h))
	paint(img.Cr, img.CStride, (w+1)/2, (h+1)/2, 2, -float64(w), float64(h))
	return img
}

// blank returns a new picture of img's size with other strides.
func blank(img *image.YCbCr) *image.YCbCr { return noise(img.Rect.Dx(), img.Rect.Dy(), 99) }

// rows calls f for each pair of rows of a and b, which are of one size: plane 0 is
// luma, 1 Cb, 2 Cr.
func rows(a, b *image.YCbCr, f func(plane int, a, b []byte)) {
	w, h := a.Rect.Dx(), a.Rect.Dy()
	for y := range h {
		f(0, a.Y[y*a.YStride:][:w], b.Y[y*b.YStride:][:w])
	}
	cw := (w + 1) / 2
	for y := range (h + 1) / 2 {
		f(1, a.Cb[y*a.CStride:][:cw], b.Cb[y*b.CStride:][:cw])
		f(2, a.Cr[y*a.CStride:][:cw], b.Cr[y*b.CStride:][:cw])
	}
}

func equal(a, b *image.YCbCr) bool {
	if a.Rect.Size() != b.Rect.Size() {
		return false
	}
	same := true
	rows(a, b, func(_ int, a, b []byte) { same = same && string(a) == string(b) })
	return same
}

// psnr returns the likeness of each plane in dB.
func psnr(a, b *image.YCbCr) (db [3]float64) {
	var sum, n [3]float64
	rows(a, b, func(plane int, a, b []byte) {
		for i := range a {
			d := float64(a[i]) - float64(b[i])
			sum[plane] += d * d
		}
		n[plane] += float64(len(a))
	})
	for i := range db {
		db[i] = 10 * math.Log10(255*255*n[i]/sum[i])
	}
	return db
}

// clone returns a picture with the same pixels in memory of its own.
func clone(img *image.YCbCr) *image.YCbCr {
	c := image.NewYCbCr(image.Rectangle{Max: img.Rect.Size()}, image.YCbCrSubsampleRatio420)
	rows(c, img, func(_ int, c, img []byte) { copy(c, img) })
	return c
}

func at(img *image.YCbCr, x, y int) color.YCbCr {
	return img.YCbCrAt(img.Rect.Min.X+x, img.Rect.Min.Y+y)
}
