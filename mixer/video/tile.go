package video

import (
	"image"
	"strconv"

	"tilemix/codec/yuv"
	"tilemix/mixer/layout"
)

// look is all of a tile that is not picture: where, and through which masks, it
// is painted. Masks may be nil.
type look struct {
	border   int       // thickness in pixels, even
	rounded  [4]sprite // corners cut off the tile
	bordered [4]sprite // corners that the border fills

	pill, text, microphone sprite
	badge, count           sprite // how many have no tile
	disc, initials         sprite

	bars           sprite // sign for a bad connection
	notePill, note sprite // that the participant has no connection

	handPill, hand, place, reaction sprite
}

// sprite is a mask and the place of its top left corner on the canvas.
type sprite struct {
	mask mask
	at   image.Point
}

// lookOf takes a tile's masks from the cache.
func (c *Compositor) lookOf(s *style) look {
	l := look{border: borderOf(s.rect.Dy())}
	if s.trim.Border > 0 {
		l.border = max(min(s.trim.Border, s.rect.Dx()/4, s.rect.Dy()/4)&^1, 2)
	}
	if s.bare {
		return l
	}
	if s.rect != c.canvas.Rect || s.trim.Radius > 0 {
		c.round(&l, s)
	}
	c.label(&l, s)
	if !s.video {
		c.placeholder(&l, s)
	}
	return l
}

// borderOf returns the thickness of the border of a tile of the given height.
// It is even so that the border has its full colour in 4:2:0.
func borderOf(height int) int {
	switch {
	case height < 100:
		return 2
	case height < 300:
		return 4
	}
	return 6
}

// round gives the tile rounded corners. The border follows them inside.
func (c *Compositor) round(l *look, s *style) {
	r, radius := s.rect, min(max(s.rect.Dy()/16, 4), 16)&^1
	if s.trim.Radius > 0 {
		radius = min(s.trim.Radius, r.Dx()/2, r.Dy()/2) &^ 1
	}
	if radius == 0 {
		return
	}
	for i := range l.rounded {
		at := r.Min
		if i&1 != 0 {
			at.X = r.Max.X - radius
		}
		if i>>1 != 0 {
			at.Y = r.Max.Y - radius
		}
		shape := shapeCorner + shape(i)
		l.rounded[i] = sprite{c.masks.get(maskKey{shape: shape, size: radius, w: radius}), at}
		l.bordered[i] = sprite{c.masks.get(maskKey{shape: shape, size: radius, w: max(radius-l.border, 0)}), at}
	}
}

// label lays out the name, and the crossed microphone in front of it, on a pill
// in the tile's bottom left corner. Letters grow with the tile, but slower.
func (c *Compositor) label(l *look, s *style) {
	size := min(max(8+s.rect.Dy()/38, 9), 28)
	height, margin, pad := size*17/10&^1, (size/2+l.border)&^1, size*7/10
	room := s.rect.Dx() - 2*margin - 2*pad
	if room < 2*size || s.rect.Dy() < height+2*margin {
		return
	}
	c.notice(l, s, size, height, margin, pad)
	l.gestures(&c.masks, s, size, margin, pad)
	if s.hidden > 0 {
		room -= c.badge(l, s, size, height, margin, pad) + margin
	}
	at := image.Pt(s.rect.Min.X+margin, s.rect.Max.Y-margin-height)
	switch {
	case s.trim.Bald:
		return
	case s.trim.Below > 0:
		at, size, height, pad = image.Pt(s.rect.Min.X, s.rect.Max.Y), s.trim.Below*10/17, s.trim.Below, 0
		room = s.rect.Dx()
	}
	x, sign, gap := pad, size*6/5, max(size/4, 3)
	if s.muted {
		m := c.masks.get(maskKey{shape: shapeMicrophone, size: sign})
		l.microphone = sprite{m, at.Add(image.Pt(x, (height-sign)/2))}
		x += sign + gap
	}
	if w := c.sign(l, s, at, x, sign, height); w > 0 {
		x += w + gap
	}
	name := c.masks.get(maskKey{shape: shapeText, text: s.name, size: size, w: max(room+pad-x, 0), h: height})
	switch {
	case name.Alpha != nil:
		l.text = sprite{name, at.Add(image.Pt(x, 0))}
		x += name.Rect.Dx()
	case s.muted || s.status != OK:
		x -= gap
	default:
		return
	}
	if s.trim.Below > 0 {
		return // it stands on the ground
	}
	l.pill = sprite{c.masks.get(maskKey{shape: shapePill, w: (x + pad + 1) &^ 1, h: height}), at}
}

// badge says in the tile's bottom right corner how many have no tile. It returns
// its width.
func (c *Compositor) badge(l *look, s *style, size, height, margin, pad int) int {
	room := s.rect.Dx() - 2*margin - 2*pad
	text := c.masks.get(maskKey{shape: shapeText, text: "+" + strconv.Itoa(s.hidden), size: size, w: room, h: height})
	if text.Alpha == nil {
		return 0
	}
	width := (text.Rect.Dx() + 2*pad + 1) &^ 1
	at := s.rect.Max.Sub(image.Pt(margin+width, margin+height))
	l.badge = sprite{c.masks.get(maskKey{shape: shapePill, w: width, h: height}), at}
	l.count = sprite{text, at.Add(image.Pt((width-text.Rect.Dx())/2, 0))}
	return width
}

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
	if text.Alpha == nil {
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

// placeholder puts a disc with the name's initials into the tile's middle.
func (c *Compositor) placeholder(l *look, s *style) {
	d := discOf(s.rect)
	if d < 8 {
		return
	}
	middle := s.rect.Min.Add(s.rect.Max).Div(2)
	at := evenPoint(middle.Sub(image.Pt(d/2, d/2)))
	l.disc = sprite{c.masks.get(maskKey{shape: shapeDisc, size: d}), at}
	letters := c.masks.get(maskKey{shape: shapeInitials, text: s.name, size: d * 42 / 100, w: d, h: d})
	if letters.Alpha == nil {
		l.initials = sprite{c.masks.get(maskKey{shape: shapePerson, size: d}), at}
		return
	}
	l.initials = sprite{letters, at.Add(image.Pt((d-letters.Rect.Dx())/2, 0))}
}

// discOf returns the diameter of a placeholder's disc.
func discOf(tile image.Rectangle) int { return min(min(tile.Dx(), tile.Dy())*46/100, 260) &^ 3 }

// draw paints a tile from back to front.
func (c *Compositor) draw(d *drawn, picture *image.YCbCr) {
	if d.rect.Empty() {
		return
	}
	if outer := d.outer(); outer != d.rect {
		outer.Min.Y = d.rect.Max.Y
		c.layer.background(c.canvas, outer)
	}
	c.clip = yuv.View(c.canvas, d.outer()) // on its way a tile may be smaller than its label
	switch {
	case d.video:
		c.drawPicture(d, picture)
	case d.bare:
		fill(c.canvas, d.rect, tileTint)
	default:
		tint := tintOf(d.id)
		fill(c.canvas, d.rect, mix(tileTint, tint, 24))
		c.paint(d.look.disc, tint)
		c.paint(d.look.initials, white)
	}
	c.dim(d)
	switch {
	case d.speaking:
		c.drawBorder(d.rect, &d.look, voiceTint)
	case d.trim.Border > 0 && !d.bare:
		c.drawBorder(d.rect, &d.look, frameTint)
	}
	for _, s := range d.look.rounded {
		c.layer.through(&c.clip, s)
	}
	c.paint(d.look.pill, black)
	c.paint(d.look.microphone, mutedTint)
	c.paint(d.look.bars, weakTint)
	c.paint(d.look.text, white)
	c.paint(d.look.badge, black)
	c.paint(d.look.count, white)
	c.paint(d.look.notePill, black)
	c.paint(d.look.note, white)
	c.paint(d.look.handPill, black)
	c.paint(d.look.hand, weakTint)
	c.paint(d.look.place, white)
	c.paint(d.look.reaction, white)
}

// drawPicture draws a picture in its place in the tile, boxed or cropped as
// layout.Fit says, and whole in a bare one.
func (c *Compositor) drawPicture(d *drawn, picture *image.YCbCr) {
	tile, kind := d.rect, layout.Camera
	if d.bare {
		kind = layout.Screen
	}
	crop, place := kind.In(d.trim).Fit(picture.Rect.Size(), tile)
	if place != tile {
		fill(c.canvas, tile, tileTint)
	}
	if place.Empty() {
		return
	}
	dst, src := yuv.View(c.canvas, place), yuv.View(picture, crop.Add(picture.Rect.Min))
	c.scaler.Scale(&dst, &src)
}

func (c *Compositor) drawBorder(r image.Rectangle, l *look, tint rgb) {
	inner := r.Inset(l.border)
	if inner.Empty() {
		return
	}
	fill(c.canvas, image.Rect(r.Min.X, r.Min.Y, r.Max.X, inner.Min.Y), tint)
	fill(c.canvas, image.Rect(r.Min.X, inner.Max.Y, r.Max.X, r.Max.Y), tint)
	fill(c.canvas, image.Rect(r.Min.X, inner.Min.Y, inner.Min.X, inner.Max.Y), tint)
	fill(c.canvas, image.Rect(inner.Max.X, inner.Min.Y, r.Max.X, inner.Max.Y), tint)
	for _, s := range l.bordered {
		c.paint(s, tint)
	}
}

func (c *Compositor) paint(s sprite, colour rgb) { s.mask.paint(&c.clip, s.at, colour) }
