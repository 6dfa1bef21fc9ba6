package video

import (
	"fmt"
	"image"
	"time"

	"tilemix/codec/yuv"
	"tilemix/mixer/decor"
	"tilemix/mixer/motion"
	"tilemix/mixer/text"
)

// Tile is what the compositor draws of one participant at one tick.
type Tile struct {
	// ID is the participant's; the placeholder's colour depends on it.
	ID string
	// Rect is the tile's place on the canvas in pixels, even-aligned. Where tiles overlap, the
	// later one is in front.
	Rect image.Rectangle
	// Name is the label's text, from outside and of any content; "" has none.
	Name string
	// Picture is the newest picture, 4:2:0, read during Compose only. At best it
	// has the size of its place in the tile (see layout.Fit) and is just copied;
	// any other size is cropped and scaled at every change. nil shows a
	// placeholder with initials.
	Picture *image.YCbCr
	// Version changes whenever Picture has new pixels.
	Version uint64
	// Speaking draws a border around the tile.
	Speaking bool
	// Muted draws a crossed microphone beside the name.
	Muted bool
	// Hidden is the number of participants without a tile. It stands as "+75" in
	// the bottom right corner; a scene has it on its last tile. 0 draws nothing.
	Hidden int
	// Hand is the participant's place among the raised hands, from 1; 0: it is down.
	Hand     int
	Reaction decor.Reaction
	// Status dims the tile and says why, where it is not OK.
	Status Status
	// Bare draws the picture alone, whole, as a shared screen needs it: no label, border, corner,
	// sign or veil is over it, and nothing of it is cut off.
	Bare bool
	Trim decor.Trim
}

// Compositor draws tiles on a canvas that persists. It belongs to one
// goroutine.
type Compositor struct {
	canvas   *image.YCbCr
	masks    maskCache
	drawn    []drawn // what is on the canvas now
	next     []drawn // scratch of Compose
	composed bool
	overlap  bool // some tiles are over others
	layer    layer
	motion   travel
	clip     image.YCbCr // the part of the canvas that a tile is drawn on
	scaler   yuv.Scaler  // for pictures that have not their place's size yet
}

// drawn is a tile as it is on the canvas.
type drawn struct {
	content
	look  look
	fresh bool // drawn in this tick
}

// content is what a tile shows. Tiles of equal content have equal pixels.
type content struct {
	style
	version  uint64
	size     image.Point // of the picture
	speaking bool
}

// style is the part of the content that lasts, and the look depends on.
type style struct {
	rect  image.Rectangle
	id    string
	name  string
	video bool
	muted bool

	hidden   int
	status   Status
	hand     int
	reaction decor.Reaction
	bare     bool
	trim     decor.Trim
}

// outer is where the tile is, with its label.
func (s *style) outer() image.Rectangle {
	r := s.rect
	if !r.Empty() {
		r.Max.Y += s.trim.Below
	}
	return r
}

// NewCompositor returns a compositor with an empty canvas of the given size in
// pixels, which must be positive and even. It writes with the given fonts.
func NewCompositor(size image.Point, fonts text.Fonts) (*Compositor, error) {
	if size.X <= 0 || size.Y <= 0 || size.X%2 != 0 || size.Y%2 != 0 {
		return nil, fmt.Errorf("canvas of %d×%d pixels: must be positive and even", size.X, size.Y)
	}
	pen, err := text.NewWriter(fonts)
	if err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	c := &Compositor{
		canvas: image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420),
		masks:  newMaskCache(pen),
		layer:  layer{size: size, masks: newMaskCache(pen)},
	}
	fill(c.canvas, c.canvas.Rect, canvasTint)
	return c, nil
}

// Canvas returns the picture composed last. It stays the same object; Compose
// changes its pixels.
func (c *Compositor) Canvas() *image.YCbCr { return c.canvas }

// Overlay says what Compose shows besides tiles from now on. Nothing happens if it is what is shown.
func (c *Compositor) Overlay(o decor.Overlays) { c.layer.show(o) }

// Transit says how tiles come to other places from now on, and what time it is at the next Compose.
// Tiles move, those that come are faded in, and those that go are faded out. On a canvas of more than
// 16 tiles they jump. At any time what is on the canvas depends on that time alone, and on what was on
// it when the tiles began to move. The first time that they move allocates two pictures.
func (c *Compositor) Transit(how motion.Transition, now time.Time) {
	c.motion.how, c.motion.now = how, now
}

// Compose brings the canvas to show tiles and reports whether that changed it;
// the first call always does. Only tiles whose content changed are drawn. What
// a tile occupies beyond the canvas is cut off.
func (c *Compositor) Compose(tiles []Tile) (changed bool) {
	c.next = c.next[:0]
	restyled := len(tiles) != len(c.drawn)
	for i := range tiles {
		d := drawn{content: c.contentOf(&tiles[i])}
		if i >= len(c.drawn) || c.drawn[i].style != d.style {
			restyled = true
		} else {
			d.look = c.drawn[i].look
		}
		c.next = append(c.next, d)
	}
	overlap := c.overlap
	if restyled {
		overlap = c.overlaps()
		c.motion.turn(c)
		c.overlap = c.overlap || overlap // what is in front no more is to be drawn over
		c.clearLeft()
		c.restyle()
	}
	if c.motion.on {
		c.overlap = overlap
		c.motion.draw(c, tiles)
		c.drawn, c.next, c.composed = c.next, c.drawn, true
		return true
	}
	changed = restyled || !c.composed || len(c.layer.damage) > 0
	for _, r := range c.layer.damage {
		c.clear(r)
	}
	for i := range c.next {
		if d := &c.next[i]; c.differs(i) || c.under(i) || c.overlap && restyled || c.layer.hits(d.outer()) {
			c.draw(d, tiles[i].Picture)
			if !d.bare {
				c.layer.paint(c.canvas, d.outer())
			}
			changed, d.fresh = true, true
		}
	}
	c.overlap, c.layer.damage = overlap, c.layer.damage[:0]
	c.drawn, c.next, c.composed = c.next, c.drawn, true
	return changed
}

func (c *Compositor) contentOf(t *Tile) content {
	r := t.Rect.Intersect(c.canvas.Rect)
	r.Min, r.Max = evenPoint(r.Min), evenPoint(r.Max)
	s := style{rect: r, id: t.ID, name: t.Name, muted: t.Muted, hidden: t.Hidden, status: t.Status, hand: t.Hand, reaction: t.Reaction, trim: t.Trim}
	if t.Bare {
		s = style{rect: r, id: t.ID, bare: true}
	}
	if t.Picture == nil || t.Picture.Rect.Empty() {
		return content{style: s, speaking: t.Speaking && !t.Bare}
	}
	s.video = true
	return content{style: s, version: t.Version, size: t.Picture.Rect.Size(), speaking: t.Speaking && !t.Bare}
}

func evenPoint(p image.Point) image.Point { return image.Pt(p.X&^1, p.Y&^1) }

// overlaps tells whether any two tiles do.
func (c *Compositor) overlaps() bool {
	for i := range c.next {
		for j := range c.next[:i] {
			if c.next[i].outer().Overlaps(c.next[j].outer()) {
				return true
			}
		}
	}
	return false
}

// under tells whether a tile that was drawn in this tick is under tile i.
func (c *Compositor) under(i int) bool {
	if !c.overlap {
		return false
	}
	for j := range c.next[:i] {
		if c.next[j].fresh && c.next[j].outer().Overlaps(c.next[i].outer()) {
			return true
		}
	}
	return false
}

// differs says whether what is on the canvas in the place of tile i is not what
// is to be there. A tile is found by its place, not its number: when a participant
// leaves, tiles that keep their place are not drawn again.
func (c *Compositor) differs(i int) bool {
	want := &c.next[i].content
	if i < len(c.drawn) && c.drawn[i].rect == want.rect {
		return c.drawn[i].content != *want
	}
	for j := range c.drawn {
		if c.drawn[j].rect == want.rect {
			return c.drawn[j].content != *want
		}
	}
	return true
}

// clearLeft paints the background wherever a tile was that is there no more.
func (c *Compositor) clearLeft() {
	for i := range c.drawn {
		if d := &c.drawn[i]; !c.hasPlace(&d.style) {
			c.clear(d.outer())
		}
	}
}

// clear paints what is there without tiles.
func (c *Compositor) clear(r image.Rectangle) {
	c.layer.background(c.canvas, r)
	c.layer.paint(c.canvas, r)
}

func (c *Compositor) hasPlace(s *style) bool {
	for i := range c.next {
		if c.next[i].rect == s.rect && c.next[i].trim.Below >= s.trim.Below {
			return true
		}
	}
	return false
}

// restyle gives all tiles their looks anew. Masks that are in use already come
// from the cache; the others are dropped.
func (c *Compositor) restyle() {
	for i := range c.next {
		c.next[i].look = c.lookOf(&c.next[i].style)
	}
	c.masks.sweep()
}

// fill paints part of img in one colour.
func fill(img *image.YCbCr, r image.Rectangle, colour rgb) {
	y, cb, cr := colour.ycbcr()
	v := yuv.View(img, r)
	yuv.Fill(&v, y, cb, cr)
}

// paint paints a colour through the mask, and its emoji.
func (m mask) paint(img *image.YCbCr, at image.Point, colour rgb) {
	if m.Alpha != nil {
		y, cb, cr := colour.ycbcr()
		yuv.Blend(img, at, m.Alpha, y, cb, cr)
	}
	m.emoji.lay(img, at)
}
