package h264_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"math"
	"testing"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/yuv"
)

// stillConfig is that of the largest rendition.
var stillConfig = codec.VideoConfig{Width: 1280, Height: 720, FrameRate: 30, Bitrate: 1_500_000}

// page returns a page of small text on white, as a shared document has.
func page(t testing.TB, w, h int) *image.YCbCr {
	t.Helper()
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: 13, DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	grey := image.NewGray(image.Rect(0, 0, w, h))
	draw.Draw(grey, grey.Rect, image.NewUniform(color.Gray{Y: 235}), image.Point{}, draw.Src)
	pen := font.Drawer{Dst: grey, Src: image.NewUniform(color.Gray{Y: 30}), Face: face}
	text := "Sixteen voices discussed quarterly figures, budgets and the weather; nobody objected. "
	for y, n := 20, 0; y < h; y, n = y+18, n+7 {
		pen.Dot = fixed.P(12, y)
		pen.DrawString(text[n%len(text):] + text + text)
	}
	img := image.NewYCbCr(grey.Rect, image.YCbCrSubsampleRatio420)
	copy(img.Y, grey.Pix)
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = 128, 128
	}
	return img
}

// pair encodes and decodes.
type pair struct {
	t   testing.TB
	enc codec.VideoEncoder
	dec codec.VideoDecoder
	n   int
}

func newPair(t testing.TB, cfg codec.VideoConfig) *pair {
	t.Helper()
	enc, err := newEncoder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	dec, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { enc.Close(); dec.Close() })
	return &pair{t: t, enc: enc, dec: dec}
}

// show sends img for a number of pictures and returns what is seen at last, and in how many bytes.
func (p *pair) show(img *image.YCbCr, pictures int) (seen *image.YCbCr, size int) {
	p.t.Helper()
	for range pictures {
		au, err := p.enc.Encode(img, time.Duration(p.n)*time.Second/30)
		if err != nil {
			p.t.Fatal(err)
		}
		p.n++
		size += len(au.Data)
		if seen, err = p.dec.Decode(bytes.Clone(au.Data)); err != nil {
			p.t.Fatal(err)
		}
	}
	return seen, size
}

// TestStillPictureSharpens shows a page for three seconds. With OpenH264's background
// detection it stays at 38 dB, since still blocks are left out whatever they look like.
func TestStillPictureSharpens(t *testing.T) {
	img := page(t, stillConfig.Width, stillConfig.Height)
	p := newPair(t, stillConfig)
	for second := range 3 {
		seen, size := p.show(img, stillConfig.FrameRate)
		t.Logf("after %d s: %.1f dB, %d kbit/s", second+1, codectest.PSNR(seen, img), size/125)
		if second == 2 && codectest.PSNR(seen, img) < 45 {
			t.Errorf("a still page is at %.1f dB after 3 s, want 45", codectest.PSNR(seen, img))
		}
	}
}

// TestNoGhost takes a faint box off a page beside which something moves.
func TestNoGhost(t *testing.T) {
	cfg := codec.VideoConfig{Width: 320, Height: 180, FrameRate: 30, Bitrate: 300_000}
	img := page(t, cfg.Width, cfg.Height)
	blank, box := image.Rect(170, 30, 310, 170), image.Rect(192, 48, 256, 112)
	p := newPair(t, cfg)
	show := func(luma uint8) *image.YCbCr {
		moving, around, inside := yuv.View(img, image.Rect(0, 0, 160, 180)), yuv.View(img, blank), yuv.View(img, box)
		yuv.Copy(&moving, codectest.Picture(160, 180, p.n))
		yuv.Fill(&around, 235, 128, 128)
		yuv.Fill(&inside, luma, 128, 128)
		seen, _ := p.show(img, 1)
		return seen
	}
	for range 45 {
		show(231)
	}
	for range 9 {
		show(235)
	}
	if left := ghost(show(235), box, 235); left > 0.5 {
		t.Errorf("%.2f levels of a box of 4 are left after 10 pictures", left)
	}
}

// ghost returns by how much the luma of a part of img is off on average.
func ghost(img *image.YCbCr, part image.Rectangle, luma int) float64 {
	sum := 0
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			sum += luma - int(img.Y[img.YOffset(x, y)])
		}
	}
	return math.Abs(float64(sum)) / float64(part.Dx()*part.Dy())
}
