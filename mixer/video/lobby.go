package video

import (
	"fmt"
	"image"
	"slices"
	"strconv"

	"tilemix/mixer/text"
)

// maxQueue is how many of those who wait are drawn. Of the others the number is.
const maxQueue = 8

// Notice is what the picture of a lobby says.
type Notice struct {
	Title   string // of the room, from outside and of any content
	Message string // to those who wait
	Clock   string // what time it is
	Queue   []Queued
}

// Queued is one of those who wait, in order.
type Queued struct {
	ID, Name string // as in Tile. Only the initials are drawn
	Waited   string // for how long
}

// Lobby draws what those see who wait to be let into a room: a message, their queue and the time.
// Strangers see it, so it shows initials instead of names. It belongs to one goroutine.
type Lobby struct {
	canvas *image.YCbCr
	pen    *text.Writer
	said   Notice
	drawn  bool
}

// NewLobby returns a lobby with an empty canvas of the given size in pixels, which must be positive
// and even. It writes with the given fonts.
func NewLobby(size image.Point, fonts text.Fonts) (*Lobby, error) {
	if size.X <= 0 || size.Y <= 0 || size.X%2 != 0 || size.Y%2 != 0 {
		return nil, fmt.Errorf("canvas of %d×%d pixels: must be positive and even", size.X, size.Y)
	}
	pen, err := text.NewWriter(fonts)
	if err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	l := &Lobby{canvas: image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420), pen: pen}
	fill(l.canvas, l.canvas.Rect, canvasTint)
	return l, nil
}

// Canvas returns the picture that was drawn last. It stays the same object; Draw changes its pixels.
func (l *Lobby) Canvas() *image.YCbCr { return l.canvas }

// Draw brings the canvas to say something and reports whether that changed it; the first call
// always does. It keeps nothing of n. It allocates where it draws.
func (l *Lobby) Draw(n Notice) (changed bool) {
	same := l.said.Title == n.Title && l.said.Message == n.Message && l.said.Clock == n.Clock && slices.Equal(l.said.Queue, n.Queue)
	if same && l.drawn {
		return false
	}
	l.said, l.drawn = n, true
	l.said.Queue = slices.Clone(n.Queue)
	fill(l.canvas, l.canvas.Rect, canvasTint)
	l.line(n.Title, .17, .045, mix(white, canvasTint, 35))
	l.line(n.Message, .28, .065, white)
	l.queue(n.Queue)
	l.line(n.Clock, .89, .036, mix(white, canvasTint, 35))
	return true
}

// line writes a text in the middle of the canvas's width. Where it is and how large are parts of
// the canvas's height.
func (l *Lobby) line(s string, at, size float64, colour rgb) {
	h := float64(l.canvas.Rect.Dy())
	l.write(s, image.Pt(l.canvas.Rect.Dx()/2, int(at*h)), int(size*h), l.canvas.Rect.Dx()*9/10, colour)
}

// write writes a text around a point, at most as wide as given.
func (l *Lobby) write(s string, around image.Point, px, width int, colour rgb) {
	height := px * 2
	m := written(l.pen, s, max(px, 6), width, height)
	if m.Alpha == nil {
		return
	}
	m.paint(l.canvas, evenPoint(around.Sub(image.Pt(m.Rect.Dx()/2, height/2))), colour)
}

// queue draws those who wait, from left to right in their order.
func (l *Lobby) queue(all []Queued) {
	h, seen := l.canvas.Rect.Dy(), min(len(all), maxQueue)
	more, places := len(all)-seen, seen
	if more > 0 {
		places++
	}
	if places == 0 {
		return
	}
	step := min(h*19/100, l.canvas.Rect.Dx()*95/100/places)
	d := step * 7 / 10 &^ 1
	at := image.Pt(l.canvas.Rect.Dx()/2-step*(places-1)/2, h*53/100)
	for i := range seen {
		q := &all[i]
		mask{Alpha: disc(d)}.paint(l.canvas, evenPoint(at.Sub(image.Pt(d/2, d/2))), tintOf(q.ID))
		if letters := l.pen.Initials(q.Name); letters != "" {
			l.write(letters, at, d*2/5, d, white)
		} else {
			mask{Alpha: person(d)}.paint(l.canvas, evenPoint(at.Sub(image.Pt(d/2, d/2))), white)
		}
		l.write(strconv.Itoa(i+1), at.Add(image.Pt(0, d*8/10)), d/3, step, white)
		l.write(q.Waited, at.Add(image.Pt(0, d*12/10)), d/5, step, mix(white, canvasTint, 35))
		at.X += step
	}
	if more > 0 {
		l.write("+"+strconv.Itoa(more), at, d*2/5, step, white)
	}
}
