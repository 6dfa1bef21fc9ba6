package yuv

import (
	"image"
	"math"
)

// Colour says how a picture's samples stand for colours. The zero value is what
// canvases are in: BT.601 in limited range.
type Colour struct {
	// FullRange says that all samples go from 0 to 255. In limited range luma goes
	// from 16 to 235 and chroma from 16 to 240.
	FullRange bool
	// BT709 says that luma and chroma are weighed by BT.709, not BT.601.
	BT709 bool
}

// weights are those of red and blue in luma; green has the rest.
type weights struct{ red, blue float64 }

var (
	bt601 = weights{0.299, 0.114}   // ITU-R BT.601 §2.5.1
	bt709 = weights{0.2126, 0.0722} // ITU-R BT.709 §3.2
)

// ToCanvas converts img, which is in colours from, to BT.601 in limited range. It
// works in place, and does nothing where img is so already. Each chroma sample
// counts for its four pixels alone.
func ToCanvas(img *image.YCbCr, from Colour) {
	if from == (Colour{}) {
		return
	}
	p := planes(img)
	if img.Rect.Empty() {
		return
	}
	m := matrixFrom(from)
	recolour(&p, &m)
}

// matrix makes new samples of old. A grey stays one, so that new chroma comes of
// chroma alone, and luma moves by what chroma says. The factors are less than 1, in
// 1/32768.
type matrix struct {
	y, yb, yr int16 // luma of Y, Cb, Cr
	bb, br    int16 // Cb of Cb, Cr
	rb, rr    int16 // Cr of Cb, Cr
	y0        int16 // added to luma, in 1/64
}

func matrixFrom(from Colour) matrix {
	black, luma, chroma := 16.0, 1.0, 1.0
	if from.FullRange {
		black, luma, chroma = 0, 219.0/255, 224.0/255
	}
	a, b := bt601, bt601
	if from.BT709 {
		a = bt709
	}
	// Red less luma is Pr times diffR, blue less luma Pb times diffB (Pb and Pr
	// from -0.5 to 0.5); green follows as luma is the weighted sum of all three.
	diffR, diffB := 2*(1-a.red), 2*(1-a.blue)
	green := (1 - b.red - b.blue) / (1 - a.red - a.blue)
	yr := diffR * (b.red - green*a.red)
	yb := diffB * (b.blue - green*a.blue)
	toR, toB := chroma/(2*(1-b.red)), chroma/(2*(1-b.blue))
	return matrix{
		y:  factor(luma),
		yb: factor(yb * chroma * 219 / 224), yr: factor(yr * chroma * 219 / 224),
		bb: factor((diffB - yb) * toB), br: factor(-yr * toB),
		rb: factor(-yb * toR), rr: factor((diffR - yr) * toR),
		y0: int16(math.Round(64 * (16 - black*luma))),
	}
}

func factor(v float64) int16 { return int16(min(math.Round(v*32768), 32767)) }
