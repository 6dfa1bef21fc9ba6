package yuv_test

import (
	"fmt"
	"image"
	"testing"

	"tilemix/codec/yuv"
)

func BenchmarkScale(b *testing.B) {
	// A decoder's pictures come in turn, and none is in the cache.
	var src [8]*image.YCbCr
	for i := range src {
		src[i] = clone(scenery(1280, 720))
	}
	for _, size := range []image.Point{{960, 540}, {640, 360}, {632, 356}, {618, 348}, {426, 240}, {406, 228}, {320, 180}, {302, 170}, {256, 144}} {
		dst := noise(size.X, size.Y, 1)
		b.Run(fmt.Sprintf("720p_to_%dx%d", size.X, size.Y), func(b *testing.B) {
			var s yuv.Scaler
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				s.Scale(dst, src[n%len(src)])
			}
		})
	}
	dst := noise(1280, 720, 1)
	b.Run("360p_to_1280x720", func(b *testing.B) {
		var s yuv.Scaler
		small := scenery(640, 360)
		for b.Loop() {
			s.Scale(dst, small)
		}
	})
	dst = noise(640, 360, 1)
	b.Run("720p_to_640x360_plain_C", func(b *testing.B) {
		for b.Loop() {
			yuv.ScaleC(dst, src[0])
		}
	})
	b.Run("720p_to_640x360_plain_Go", func(b *testing.B) {
		for b.Loop() {
			yuv.ScaleGo(dst, src[0])
		}
	})
}

func BenchmarkCopy(b *testing.B) {
	src, dst := scenery(1280, 720), noise(1280, 720, 1)
	b.ReportAllocs()
	for b.Loop() {
		yuv.Copy(dst, src)
	}
}

func BenchmarkFill(b *testing.B) {
	dst := noise(1280, 720, 1)
	b.ReportAllocs()
	for b.Loop() {
		yuv.Fill(dst, 16, 128, 128)
	}
}

// BenchmarkBlend paints what a line of text looks like: a third of it covered.
func BenchmarkBlend(b *testing.B) {
	dst := noise(426, 240, 1)
	mask := image.NewAlpha(image.Rect(0, 0, 200, 24))
	for i := range mask.Pix {
		if x := i % 200 % 12; x < 4 && i/200 > 4 {
			mask.Pix[i] = [4]uint8{90, 255, 255, 90}[x]
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		yuv.Blend(dst, image.Pt(13, 207), mask, 235, 128, 128)
	}
}

func BenchmarkToCanvas(b *testing.B) {
	img := scenery(640, 360)
	for _, from := range colours {
		b.Run(fmt.Sprintf("%+v", from), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				yuv.ToCanvas(img, from)
			}
		})
	}
	b.Run("plain_Go", func(b *testing.B) {
		for b.Loop() {
			yuv.ToCanvasGo(img, yuv.Colour{BT709: true})
		}
	})
}
