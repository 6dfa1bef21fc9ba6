package yuv_test

import (
	"fmt"
	"image"
	"testing"

	"tilemix/codec/yuv"
)

func BenchmarkScale(b *testing.B) {
	src := scenery(1280, 720)
	for _, size := range []image.Point{{960, 540}, {640, 360}, {632, 356}, {426, 240}, {320, 180}, {256, 144}} {
		dst := noise(size.X, size.Y, 1)
		b.Run(fmt.Sprintf("720p_to_%dx%d", size.X, size.Y), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				yuv.Scale(dst, src)
			}
		})
	}
	b.Run("720p_to_640x360_plain_Go", func(b *testing.B) {
		dst := noise(640, 360, 1)
		for b.Loop() {
			yuv.ScaleGo(dst, src)
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
