package yuv_test

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"testing"

	"tilemix/codec/yuv"
)

// standard is a colour encoding in exact arithmetic.
type standard struct {
	red, blue                   float64 // weights in luma
	black, lumaScale, chromaGap float64
}

func standardOf(c yuv.Colour) standard {
	s := standard{0.299, 0.114, 16, 219, 224}
	if c.BT709 {
		s.red, s.blue = 0.2126, 0.0722
	}
	if c.FullRange {
		s.black, s.lumaScale, s.chromaGap = 0, 255, 255
	}
	return s
}

// rgb decodes samples to red, green and blue, 0 to 1.
func (s standard) rgb(y, cb, cr float64) (r, g, b float64) {
	y = (y - s.black) / s.lumaScale
	r = y + 2*(1-s.red)*(cr-128)/s.chromaGap
	b = y + 2*(1-s.blue)*(cb-128)/s.chromaGap
	return r, (y - s.red*r - s.blue*b) / (1 - s.red - s.blue), b
}

func (s standard) samples(r, g, b float64) (y, cb, cr float64) {
	y = s.red*r + (1-s.red-s.blue)*g + s.blue*b
	cb = 128 + s.chromaGap*(b-y)/(2*(1-s.blue))
	cr = 128 + s.chromaGap*(r-y)/(2*(1-s.red))
	return s.black + s.lumaScale*y, cb, cr
}

var canvas = standardOf(yuv.Colour{})

func round(v float64) byte { return byte(math.Round(max(0, min(v, 255)))) }

// exact is what ToCanvas should make of a picture.
func exact(img *image.YCbCr, from yuv.Colour) *image.YCbCr {
	out, s := clone(img), standardOf(from)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			c := at(img, x, y)
			luma, cb, cr := canvas.samples(s.rgb(float64(c.Y), float64(c.Cb), float64(c.Cr)))
			out.Y[out.YOffset(x, y)] = round(luma)
			out.Cb[out.COffset(x, y)], out.Cr[out.COffset(x, y)] = round(cb), round(cr)
		}
	}
	return out
}

var colours = []yuv.Colour{{}, {FullRange: true}, {BT709: true}, {FullRange: true, BT709: true}}

// TestToCanvas holds it against exact arithmetic, on random samples of even and odd
// sizes in the middle of a larger picture.
func TestToCanvas(t *testing.T) {
	for _, from := range colours {
		for _, size := range []image.Point{{1, 1}, {2, 3}, {3, 2}, {64, 48}, {495, 371}} {
			t.Run(fmt.Sprintf("%+v %v", from, size), func(t *testing.T) {
				got := noise(size.X, size.Y, 1)
				want, twin := exact(got, from), clone(got)
				yuv.ToCanvas(got, from)
				yuv.ToCanvasGo(twin, from)
				if !equal(got, twin) {
					t.Error("plain Go gives other samples")
				}
				rows(got, want, func(plane int, a, b []byte) {
					for x := range a {
						if off := int(a[x]) - int(b[x]); off < -1 || off > 1 {
							t.Fatalf("plane %d: a sample is %d, want %d", plane, a[x], b[x])
						}
					}
				})
				for plane, db := range psnr(got, want) {
					if size.X > 3 && db < 60 { // one sample in sixteen is off by one
						t.Errorf("plane %d is %.1f dB from exact arithmetic", plane, db)
					}
				}
			})
		}
	}
}

// bars are the colour bars that test pictures are made of.
var bars = []color.RGBA{
	{255, 255, 255, 255},
	{191, 191, 191, 255},
	{255, 255, 0, 255},
	{0, 255, 255, 255},
	{0, 255, 0, 255},
	{255, 0, 255, 255},
	{255, 0, 0, 255},
	{0, 0, 255, 255},
	{128, 128, 128, 255},
	{0, 0, 0, 255},
}

// TestToCanvasColours paints colour bars in each encoding; on the canvas they are
// the colours that they were.
func TestToCanvasColours(t *testing.T) {
	for _, from := range colours {
		for _, bar := range bars {
			img := noise(32, 18, 1)
			r, g, b := float64(bar.R)/255, float64(bar.G)/255, float64(bar.B)/255
			y, cb, cr := standardOf(from).samples(r, g, b)
			yuv.Fill(img, round(y), round(cb), round(cr))
			yuv.ToCanvas(img, from)
			c := at(img, 31, 17)
			y, cb, cr = canvas.samples(r, g, b)
			far := max(math.Abs(float64(c.Y)-y), math.Abs(float64(c.Cb)-cb), math.Abs(float64(c.Cr)-cr))
			if far > 1.6 { // each encoding rounds
				t.Errorf("%+v: %v becomes %v, want %.1f %.1f %.1f", from, bar, c, y, cb, cr)
			}
		}
	}
}

// TestToCanvasStaysInside converts a view in the middle of a larger picture.
func TestToCanvasStaysInside(t *testing.T) {
	for _, from := range colours {
		img := noise(60, 40, 1)
		part := image.Rectangle{Min: img.Rect.Min.Add(image.Pt(8, 6)), Max: img.Rect.Min.Add(image.Pt(30, 20))}
		want := clone(img)
		view := yuv.View(img, part)
		inner := yuv.View(want, part.Sub(img.Rect.Min))
		yuv.Copy(&inner, exact(&view, from))
		yuv.ToCanvas(&view, from)
		if db := psnr(img, want); min(db[0], db[1], db[2]) < 60 {
			t.Errorf("%+v: %.0f dB in and around the view", from, db)
		}
	}
}

func TestToCanvasOfCanvasChangesNothing(t *testing.T) {
	img := noise(64, 48, 1)
	want := clone(img)
	yuv.ToCanvas(img, yuv.Colour{})
	if !equal(img, want) {
		t.Error("pixels differ")
	}
	empty := yuv.View(img, image.Rectangle{})
	for _, from := range colours {
		yuv.ToCanvas(&empty, from)
	}
}
