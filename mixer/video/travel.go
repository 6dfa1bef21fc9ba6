package video

import (
	"image"
	"time"

	"tilemix/codec/yuv"
	"tilemix/mixer/motion"
)

// maxMoving (16) is how many tiles move at once. More would take a tick longer than there is time.
const maxMoving = 16

// travel is tiles on their way. The zero value has none, and costs nothing. While they are on their way
// the whole canvas is drawn at each tick.
type travel struct {
	how motion.Transition // from now on
	now time.Time         // of this tick

	on    bool
	way   motion.Transition // of those who are on their way
	since time.Time
	all   []mover           // who is to be on the canvas
	gone  []image.Rectangle // where those were who go
	was   *image.YCbCr      // the canvas when it began
	below *image.YCbCr      // what is behind a tile that comes

	scratch []mover
}

// mover is a tile on its way.
type mover struct {
	id       string
	bare     bool
	from, to image.Rectangle
	shown    float64 // how much of it was to be seen at the beginning: 0, it comes, to 1
}

// at returns where the tile is, and how much of it is to be seen.
func (m *mover) at(part float64) (image.Rectangle, float64) {
	return motion.Between(m.from, m.to, part), m.shown + (1-m.shown)*part
}

// moverOf returns the tile of a style, nil where there is none.
func moverOf(all []mover, s *style) *mover {
	for i := range all {
		if all[i].id == s.id && all[i].bare == s.bare {
			return &all[i]
		}
	}
	return nil
}

// part returns how much of the way is behind.
func (t *travel) part() float64 {
	if t.how.Length <= 0 {
		return 1 // the canvas has no time for it any more
	}
	return t.way.Part(t.now.Sub(t.since))
}

// turn is told of tiles of other styles than before. If any has another place now, all go there from
// where they are.
func (t *travel) turn(c *Compositor) {
	if t.how.Length <= 0 || !c.composed || max(len(c.next), len(c.drawn)) > maxMoving {
		t.way = motion.Transition{} // those who are on their way arrive
		return
	}
	from := t.all
	if !t.on {
		from, t.gone = from[:0], t.gone[:0]
		for i := range c.drawn {
			s := &c.drawn[i].style
			from = append(from, mover{id: s.id, bare: s.bare, from: s.rect, to: s.rect, shown: 1})
		}
	}
	next, stay := t.scratch[:0], len(c.next) == len(from)
	for i := range c.next {
		s := &c.next[i].style
		m := mover{id: s.id, bare: s.bare, from: s.rect, to: s.rect}
		was := moverOf(from, s)
		stay = stay && was != nil && was.to == s.rect
		if was != nil {
			m.from, m.shown = was.from, was.shown
			if t.on {
				m.from, m.shown = was.at(t.part())
			}
		}
		next = append(next, m)
	}
	if t.scratch = next; stay {
		t.all = from
		return
	}
	t.leave(c, from)
	t.scratch, t.all = from, next
	t.on, t.way, t.since = true, t.how, t.now
}

// leave notes where tiles are on the canvas that go, and what they look like.
func (t *travel) leave(c *Compositor, from []mover) {
	if t.was == nil {
		t.was = image.NewYCbCr(c.canvas.Rect, image.YCbCrSubsampleRatio420)
		t.below = image.NewYCbCr(c.canvas.Rect, image.YCbCrSubsampleRatio420)
	}
	for i := range from {
		if moverOf(t.scratch, &style{id: from[i].id, bare: from[i].bare}) == nil && len(t.gone) < maxMoving {
			r := from[i].from
			if t.on {
				r, _ = from[i].at(t.part())
			}
			t.gone = append(t.gone, r)
		}
	}
	if len(t.gone) > 0 {
		yuv.Copy(t.was, c.canvas)
	}
}

// draw draws the whole canvas as it is at the time of this tick. Where no tiles overlap at the end, what
// is bare is in front of all others on the way.
func (t *travel) draw(c *Compositor, tiles []Tile) {
	part := t.part()
	c.clear(c.canvas.Rect)
	if t.on = part < 1; t.on {
		for _, r := range t.gone {
			t.fade(c, r, t.was, t.fading(r, part))
		}
	}
	for i := range c.next {
		if !c.next[i].bare || c.overlap {
			t.place(c, &c.next[i], tiles[i].Picture, part)
		}
	}
	for i := range c.next {
		if c.next[i].bare && !c.overlap {
			t.place(c, &c.next[i], tiles[i].Picture, part)
		}
	}
	c.layer.damage = c.layer.damage[:0]
}

// fading returns how much is to be seen of a tile that goes. It stays until the end where another one
// comes in its place.
func (t *travel) fading(r image.Rectangle, part float64) float64 {
	for i := range t.all {
		if m := &t.all[i]; m.shown == 0 && r.In(m.to) {
			return 1
		}
	}
	return 1 - part
}

// place draws a tile where it is, a part of its way.
func (t *travel) place(c *Compositor, to *drawn, picture *image.YCbCr, part float64) {
	d, shown := *to, 1.0
	if m := moverOf(t.all, &to.style); m != nil && part < 1 {
		d.rect, shown = m.at(part)
		d.look.move(to.rect, d.rect)
	}
	if shown < 1 {
		to, from := yuv.View(t.below, d.outer()), yuv.View(c.canvas, d.outer())
		yuv.Copy(&to, &from)
	}
	c.draw(&d, picture)
	if !d.bare {
		c.layer.paint(c.canvas, d.outer())
	}
	if shown < 1 {
		t.fade(c, d.outer(), t.below, 1-shown)
	}
}

// fade moves a part of the canvas towards another picture.
func (t *travel) fade(c *Compositor, r image.Rectangle, to *image.YCbCr, part float64) {
	dst, src := yuv.View(c.canvas, r), yuv.View(to, r)
	yuv.Fade(&dst, &src, uint8(part*255+.5))
}

// move moves all of a look with its tile. What is at an edge of the tile stays there.
func (l *look) move(from, to image.Rectangle) {
	near, far := to.Min.Sub(from.Min), to.Max.Sub(from.Max)
	for i := range l.rounded {
		by := near
		if i&1 != 0 {
			by.X = far.X
		}
		if i>>1 != 0 {
			by.Y = far.Y
		}
		l.rounded[i].at, l.bordered[i].at = l.rounded[i].at.Add(by), l.bordered[i].at.Add(by)
	}
	middle := evenPoint(near.Add(far).Div(2))
	shift := func(by image.Point, all ...*sprite) {
		for _, s := range all {
			s.at = s.at.Add(by)
		}
	}
	shift(image.Pt(near.X, far.Y), &l.pill, &l.text, &l.microphone, &l.bars)
	shift(far, &l.badge, &l.count)
	shift(middle, &l.disc, &l.initials, &l.notePill, &l.note)
	shift(near, &l.handPill, &l.hand, &l.place)
	shift(image.Pt(far.X, near.Y), &l.reaction)
}
