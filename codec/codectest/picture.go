package codectest

import (
	"image"
	"math"
)

// Picture draws picture n of a synthetic clip: a slow gradient under texture,
// with a patch of stripes that wanders and coloured bars. Any two calls with
// the same arguments give the same pixels.
//
// The race detector would look at each pixel that one goroutine writes, for a quarter of the time of whole tests.
//
//go:norace
func Picture(w, h, n int) *image.YCbCr {
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	// Texture that moves with the camera, a pixel a picture.
	across, down := wave(w, 0.7, n), wave(h, 0.5, 0)
	px, py := (n*5)%w, (n*3)%h // of the patch
	for y := range h {
		row := img.Y[y*img.YStride:][:w]
		for x := range row {
			v := 60 + 100*(x+y)/(w+h) + int(12*across[x]*down[y])
			if x >= px && x < px+w/4 && y >= py && y < py+h/4 {
				v += 40 * ((x - px) / 4 % 2)
			}
			row[x] = byte(v)
		}
	}
	cw, ch := (w+1)/2, (h+1)/2
	for y := range ch {
		for x := range cw {
			img.Cb[y*img.CStride+x] = byte(64 + (x*4/cw)*32 + n%16)
			img.Cr[y*img.CStride+x] = byte(192 - (y*4/ch)*32 - n%16)
		}
	}
	return img
}

// wave is a sine of n samples at step radians, from the sample shift on.
func wave(n int, step float64, shift int) []float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = math.Sin(step * float64(i+shift))
	}
	return s
}

// Clone copies the visible pixels of img into memory of its own.
func Clone(img *image.YCbCr) *image.YCbCr {
	r := img.Rect
	dst := image.NewYCbCr(r, img.SubsampleRatio)
	cw := (r.Dx() + 1) / 2
	for y := range r.Dy() {
		copy(dst.Y[y*dst.YStride:][:r.Dx()], img.Y[y*img.YStride:])
	}
	for y := range (r.Dy() + 1) / 2 {
		copy(dst.Cb[y*dst.CStride:][:cw], img.Cb[y*img.CStride:])
		copy(dst.Cr[y*dst.CStride:][:cw], img.Cr[y*img.CStride:])
	}
	return dst
}

// PSNR compares two 4:2:0 pictures of one size and returns the peak signal-to-noise
// ratio in dB of the plane that differs most; +Inf for equal pictures, 0 for
// pictures of different size.
func PSNR(a, b *image.YCbCr) float64 {
	if a == nil || b == nil || a.Rect.Size() != b.Rect.Size() {
		return 0
	}
	w, h := a.Rect.Dx(), a.Rect.Dy()
	cw, ch := (w+1)/2, (h+1)/2
	return min(
		planePSNR(a.Y, b.Y, a.YStride, b.YStride, w, h),
		planePSNR(a.Cb, b.Cb, a.CStride, b.CStride, cw, ch),
		planePSNR(a.Cr, b.Cr, a.CStride, b.CStride, cw, ch),
	)
}

// planePSNR is PSNR of one plane.
//
//go:norace
func planePSNR(a, b []byte, astride, bstride, w, h int) float64 {
	var sum int
	for y := range h {
		ra, rb := a[y*astride:][:w], b[y*bstride:][:w]
		for x := range ra {
			d := int(ra[x]) - int(rb[x])
			sum += d * d
		}
	}
	return 10 * math.Log10(255*255*float64(w*h)/float64(sum))
}
