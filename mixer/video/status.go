package video

import (
	"image"

	"tilemix/codec/yuv"
)

// Status is how well a participant's pictures arrive.
type Status uint8

// What a tile shows of it.
const (
	OK           Status = iota
	Degraded            // pictures arrive, but badly: a sign beside the name
	Frozen              // none arrive: the last one is dimmed as well
	Disconnected        // the participant has no connection and may come back: the tile says so
)

const (
	// dimmed is how far a picture that does not move is moved towards black, of 255;
	// dimmedDisc is the same for a placeholder, which is darker.
	dimmed, dimmedDisc = 145, 95
	// reconnecting is what the tile of a participant without a connection says.
	reconnecting = "Reconnecting…"
)

// sign adds the sign for a bad connection to the label, x pixels from its left, and returns
// its width.
func (c *Compositor) sign(l *look, s *style, at image.Point, x, size, height int) int {
	if s.status == OK {
		return 0
	}
	which := shapeBars
	if s.status == Disconnected {
		which = shapeNoBars
	}
	l.bars = sprite{c.masks.get(maskKey{shape: which, size: size}), at.Add(image.Pt(x, (height-size)/2))}
	return size
}

// notice says over the tile's middle that the participant has no connection: above the
// placeholder's disc, or where that would be. A tile without room for it has the sign alone.
func (c *Compositor) notice(l *look, s *style, size, height, margin, pad int) {
	room, above := s.rect.Dx()-2*margin-2*pad, (s.rect.Dy()-discOf(s.rect))/2
	if s.status != Disconnected || above < height+margin {
		return
	}
	text := c.masks.get(maskKey{shape: shapeText, text: reconnecting, size: size, w: room, h: height})
	if text == nil {
		return
	}
	width := (text.Rect.Dx() + 2*pad + 1) &^ 1
	at := evenPoint(s.rect.Min.Add(image.Pt((s.rect.Dx()-width)/2, (above-height)/2)))
	l.notePill = sprite{c.masks.get(maskKey{shape: shapePill, w: width, h: height}), at}
	l.note = sprite{text, at.Add(image.Pt((width-text.Rect.Dx())/2, 0))}
}

// dim darkens a tile whose picture is frozen.
func (c *Compositor) dim(d *drawn) {
	if d.status < Frozen {
		return
	}
	alpha := uint8(dimmed)
	if !d.video {
		alpha = dimmedDisc
	}
	y, cb, cr := black.ycbcr()
	v := yuv.View(c.canvas, d.rect)
	yuv.Veil(&v, alpha, y, cb, cr)
}

// bars is a mobile telephone's sign for a weak signal, size pixels high and wide: of
// three bars one is full. None crosses the bars out.
func bars(size int, none bool) *image.Alpha {
	s := float64(size) / 16 // drawn on a field of 16×16
	bar := func(x, y float64, i int) float64 {
		left := 2 + 5*float64(i)
		return segment(x, y, left, 11.4-4.2*float64(i), left, 13.2, 1.6)
	}
	full := render(size, size, 255, func(x, y float64) float64 {
		x, y = x/s, y/s
		if none {
			return segment(x, y, 1.4, 2, 13, 13.6, 0.9) * s
		}
		return bar(x, y, 0) * s
	})
	faint := render(size, size, 110, func(x, y float64) float64 {
		x, y = x/s, y/s
		d := min(bar(x, y, 1), bar(x, y, 2))
		if none {
			d = max(min(d, bar(x, y, 0)), -segment(x, y, 1.4, 2, 13, 13.6, 2.1))
		}
		return d * s
	})
	for i, a := range faint.Pix {
		full.Pix[i] = max(full.Pix[i], a)
	}
	return full
}
