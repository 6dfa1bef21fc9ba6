// Package signal draws colours and computes tones for tests, and measures them in pictures and
// sounds. Its functions are pure.
package signal

import (
	"image"
	"math"

	"tilemix/codec/pcm"
	"tilemix/codec/yuv"
)

// Colour is a colour as image.YCbCr has it.
type Colour struct{ Y, Cb, Cr uint8 }

// Paint fills a picture.
func (c Colour) Paint(img *image.YCbCr) { yuv.Fill(img, c.Y, c.Cb, c.Cr) }

// Distance is the largest difference of a component.
func (c Colour) Distance(o Colour) int {
	d := 0
	for _, pair := range [][2]uint8{{c.Y, o.Y}, {c.Cb, o.Cb}, {c.Cr, o.Cr}} {
		d = max(d, int(pair[0])-int(pair[1]), int(pair[1])-int(pair[0]))
	}
	return d
}

// Mean returns the mean colour of a part of a picture.
func Mean(img *image.YCbCr, part image.Rectangle) Colour {
	v := yuv.View(img, part)
	w, h := v.Rect.Dx(), v.Rect.Dy()
	return Colour{
		meanOf(v.Y, v.YStride, w, h),
		meanOf(v.Cb, v.CStride, (w+1)/2, (h+1)/2),
		meanOf(v.Cr, v.CStride, (w+1)/2, (h+1)/2),
	}
}

func meanOf(pix []byte, stride, w, h int) uint8 {
	if w <= 0 || h <= 0 {
		return 0
	}
	sum := 0
	for y := range h {
		for _, v := range pix[y*stride:][:w] {
			sum += int(v)
		}
	}
	return uint8(sum / (w * h))
}

// Tone returns a sine of a frequency in Hz.
func Tone(frequency, amplitude float64) func(sample int) float32 {
	return func(sample int) float32 {
		return float32(amplitude * math.Sin(2*math.Pi*frequency*float64(sample)/pcm.Rate))
	}
}

// Amplitude returns how much of a sine of a frequency in Hz is in a sound, by
// Goertzel's algorithm under a Hann window.
func Amplitude(sound []float32, frequency float64) float64 {
	k := 2 * math.Cos(2*math.Pi*frequency/pcm.Rate)
	var s1, s2 float64
	n := float64(len(sound))
	for i, v := range sound {
		hann := 1 - math.Cos(2*math.Pi*(float64(i)+0.5)/n)
		s1, s2 = float64(v)*hann+k*s1-s2, s1
	}
	return 2 / n * math.Sqrt(max(s1*s1+s2*s2-k*s1*s2, 0))
}

// DB returns a ratio of amplitudes in decibels.
func DB(ratio float64) float64 { return 20 * math.Log10(max(ratio, 1e-9)) }
