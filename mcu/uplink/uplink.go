// Package uplink decides what each sender is asked to send of his camera: no more
// than his tile needs, and not a new thing every moment. Time is an argument.
package uplink

import (
	"image"
	"time"
)

const (
	// interval is the least time between two things that a sender is asked for.
	interval = 2 * time.Second
	// patience is how long less has to be enough until a sender is asked for less:
	// a layout often changes back.
	patience = time.Second
)

// Wish is the most that is of use of a camera. The zero Wish is nothing at all.
type Wish struct {
	Size      image.Point // pixels
	FrameRate int         // pictures a second
	Bitrate   int         // bits a second
}

// ladder has the sizes that are asked for. They are few, so that a tile that grows
// or shrinks by a little changes nothing, and each has at most two thirds of the
// next one's pixels, so that less is always clearly less. The bitrates are for 30
// pictures a second.
var ladder = [...]Wish{
	{Size: image.Pt(160, 90), Bitrate: 80_000},
	{Size: image.Pt(256, 144), Bitrate: 120_000},
	{Size: image.Pt(320, 180), Bitrate: 150_000},
	{Size: image.Pt(424, 240), Bitrate: 250_000},
	{Size: image.Pt(640, 360), Bitrate: 500_000},
	{Size: image.Pt(960, 540), Bitrate: 1_000_000},
	{Size: image.Pt(1280, 720), Bitrate: 1_500_000},
}

// For returns what a tile of a size in pixels needs: the next size of the ladder
// that has no fewer pixels either way, or the largest. A tile without pixels needs
// nothing.
func For(tile image.Point, frameRate int) Wish {
	if tile.X <= 0 || tile.Y <= 0 {
		return Wish{}
	}
	w := ladder[len(ladder)-1]
	for _, rung := range ladder {
		if rung.Size.X >= tile.X && rung.Size.Y >= tile.Y {
			w = rung
			break
		}
	}
	w.FrameRate = frameRate
	return w
}

// Asked is what one sender has been asked for; the zero value is nothing yet. It
// belongs to one goroutine.
type Asked struct {
	wish Wish
	at   time.Time // when it was asked for
	less time.Time // since when less would be enough; zero: it would not
}

// Wish returns what was asked for last, and false where nothing was yet.
func (a *Asked) Wish() (Wish, bool) { return a.wish, !a.at.IsZero() }

// Decide tells whether the sender is to be asked for a wish now. More is asked for
// at once, less only when it has been enough for a moment, and nothing within two
// seconds of the last. When it is too early, again is when to decide once more, if
// nothing changes before; otherwise it is zero.
func (a *Asked) Decide(wish Wish, now time.Time) (ask bool, again time.Time) {
	before, asked := a.Wish()
	if asked && wish == before {
		a.less = time.Time{}
		return false, time.Time{}
	}
	due := now
	if asked {
		due = a.at.Add(interval)
	}
	if wish != (Wish{}) && wish.Size.X >= before.Size.X {
		a.less = time.Time{}
	} else {
		if a.less.IsZero() {
			a.less = now
		}
		if t := a.less.Add(patience); t.After(due) {
			due = t
		}
	}
	if due.After(now) {
		return false, due
	}
	a.wish, a.at, a.less = wish, now, time.Time{}
	return true, time.Time{}
}
