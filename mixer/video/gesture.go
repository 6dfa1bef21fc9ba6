package video

import (
	"image"
	"math"
	"strconv"
)

// gestures lays out a raised hand, with its place in the order, and a reaction.
func (l *look) gestures(masks *maskCache, s *style, size, margin, pad int) {
	if s.hand > 0 {
		size = size * 5 / 4
		height := size * 17 / 10 &^ 1
		sign := masks.get(maskKey{shape: shapeHand, size: size * 6 / 5})
		number := masks.get(maskKey{shape: shapeText, text: strconv.Itoa(s.hand), size: size, w: s.rect.Dx() / 2, h: height})
		width := (sign.Rect.Dx() + size/4 + number.Rect.Dx() + 2*pad + 1) &^ 1
		if width+2*margin <= s.rect.Dx() && height+2*margin <= s.rect.Dy()/2 {
			at := evenPoint(s.rect.Min.Add(image.Pt(margin, margin)))
			l.handPill = sprite{masks.get(maskKey{shape: shapePill, w: width, h: height}), at}
			l.hand = sprite{sign, at.Add(image.Pt(pad, (height-sign.Rect.Dy())/2))}
			l.place = sprite{number, at.Add(image.Pt(pad+sign.Rect.Dx()+size/4, 0))}
		}
	}
	if s.reaction.Picture == "" {
		return
	}
	px, text := min(max(s.rect.Dy()/4, 14), 120), s.reaction.Picture
	if !masks.pen.Has(text) {
		px, text = px/2, s.reaction.Word
	}
	m := masks.get(maskKey{shape: shapeText, text: text, size: px, w: s.rect.Dx() - 2*margin, h: min(px*13/10, s.rect.Dy()-2*margin) &^ 1})
	if m.Alpha == nil {
		return
	}
	l.reaction = sprite{m, evenPoint(image.Pt(s.rect.Max.X-margin-m.Rect.Dx(), s.rect.Min.Y+margin))}
}

// hand is a raised hand, size pixels high and wide.
func hand(size int) *image.Alpha {
	s := float64(size) / 16 // drawn on a field of 16×16
	return render(size, size, 255, func(x, y float64) float64 {
		x, y = x/s, y/s
		d := segment(x, y, 8, 11, 9, 11.4, 3.6)
		for i, top := range [4]float64{4.2, 2.2, 1.9, 3.6} {
			left := 5.1 + 2.25*float64(i)
			d = math.Min(d, segment(x, y, left, top, left, 9.5, 0.95))
		}
		d = math.Min(d, segment(x, y, 2.4, 8.6, 5.4, 12.4, 0.95))
		return d * s
	})
}
