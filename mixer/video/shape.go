package video

import (
	"image"
	"math"

	"rsc.io/qr"
)

// render returns a mask of w×h pixels of what lies inside a shape. The shape is
// given by its signed distance from the middle of a pixel to its edge, in
// pixels, negative inside; the pixel at the edge is covered in part. Opacity is
// the value inside.
func render(w, h int, opacity uint8, distance func(x, y float64) float64) *image.Alpha {
	m := image.NewAlpha(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			in := 0.5 - distance(float64(x)+0.5, float64(y)+0.5)
			m.Pix[y*m.Stride+x] = uint8(min(max(in, 0), 1)*float64(opacity) + 0.5)
		}
	}
	return m
}

// segment is the distance to the line from a to b, which is 2r thick and has
// round ends.
func segment(x, y, ax, ay, bx, by, r float64) float64 {
	dx, dy := bx-ax, by-ay
	t := 0.0
	if l := dx*dx + dy*dy; l > 0 {
		t = min(max(((x-ax)*dx+(y-ay)*dy)/l, 0), 1)
	}
	return math.Hypot(x-ax-t*dx, y-ay-t*dy) - r
}

// pill is a bar with round ends, translucent so that the picture is still felt
// behind a label.
func pill(w, h int) *image.Alpha {
	r := float64(h) / 2
	return render(w, h, 158, func(x, y float64) float64 {
		return segment(x, y, r, r, max(r, float64(w)-r), r, r)
	})
}

// plate is a rectangle.
func plate(w, h int, opacity uint8) *image.Alpha {
	m := image.NewAlpha(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = opacity
	}
	return m
}

// code is the QR code of a text with the margin that readers need (ISO/IEC 18004 §6.3.8), at
// most edge pixels wide. It is nil for a text that no code can hold at a size that cameras read.
func code(s string, edge int) *image.Alpha {
	c, err := qr.Encode(s, qr.M)
	if err != nil {
		return nil
	}
	scale := edge / (c.Size + 8)
	if scale < 2 {
		return nil
	}
	whole := (scale*(c.Size+8) + 1) &^ 1
	m := image.NewAlpha(image.Rect(0, 0, whole, whole))
	for y := range c.Size * scale {
		for x := range c.Size * scale {
			if c.Black(x/scale, y/scale) {
				m.Pix[(y+4*scale)*m.Stride+x+4*scale] = 255
			}
		}
	}
	return m
}

// disc is a filled circle.
func disc(d int) *image.Alpha {
	r := float64(d) / 2
	return render(d, d, 255, func(x, y float64) float64 { return math.Hypot(x-r, y-r) - r })
}

// corner is what lies outside a rounding of the given radius in a corner of
// size×size pixels, whose centre is the corner's inner end. The corners are
// numbered 0 top left, 1 top right, 2 bottom left, 3 bottom right.
func corner(size, radius, which int) *image.Alpha {
	cx, cy := float64(size*(1-which&1)), float64(size*(1-which>>1))
	return render(size, size, 255, func(x, y float64) float64 {
		return float64(radius) - math.Hypot(x-cx, y-cy)
	})
}

// microphone is a crossed microphone, size pixels high and wide.
func microphone(size int) *image.Alpha {
	s := float64(size) / 16 // drawn on a field of 16×16
	return render(size, size, 255, func(x, y float64) float64 {
		x, y = x/s, y/s
		body := segment(x, y, 8, 4, 8, 7, 2.7)
		bow := math.Abs(math.Hypot(x-8, y-7)-4.8) - 0.8
		if y < 7 {
			bow = min(segment(x, y, 3.2, 7, 3.2, 7, 0.8), segment(x, y, 12.8, 7, 12.8, 7, 0.8))
		}
		stand := segment(x, y, 8, 12, 8, 14.4, 0.8)
		bar := segment(x, y, 2, 1.6, 14, 13.6, 0.8)
		cut := segment(x, y, 3, 0, 15, 12, 0.7)
		return min(max(min(body, bow, stand), -cut), bar) * s
	})
}

// person is the head and shoulders of somebody without a name, inside a disc of
// diameter d.
func person(d int) *image.Alpha {
	s := float64(d)
	return render(d, d, 255, func(x, y float64) float64 {
		head := math.Hypot(x-s/2, y-s*0.39) - s*0.165
		shoulders := math.Hypot(x-s/2, y-s*0.92) - s*0.32
		edge := math.Hypot(x-s/2, y-s/2) - s/2
		return min(head, max(shoulders, edge))
	})
}
