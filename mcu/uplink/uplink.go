// Package uplink decides what each sender is asked to send of its camera: no more
// than its tile needs, and nothing new every moment. Time is an argument.
//
// # Why
//
// Decoding is two thirds of the work of a room of nine 720p cameras. Each sender is therefore
// asked for the very size of its tile, and its picture is copied to the canvas unscaled. What
// was requested last is enough while it covers the tile and has at most half as many pixels
// more. More is requested at once. Less is requested after one second in which it was enough,
// and not within two seconds of the last request.
//
// Browsers obey the message with setParameters. A WHIP client without a control channel is
// limited by REMB, which senders obey beside transport feedback. The lowest limit is 64
// kbit/s and not 0, because arriving packets repeat and lift the limit.
package uplink

import (
	"image"
	"math"
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

// Smaller than least there is little to be saved, and most is what every camera
// has.
var (
	least = image.Pt(160, 90)
	most  = image.Pt(1280, 720)
)

// For returns what a tile of a size in pixels needs: just that size, so that its
// picture has to be copied only. A tile without pixels needs nothing.
func For(tile image.Point, frameRate int) Wish {
	if tile.X <= 0 || tile.Y <= 0 {
		return Wish{}
	}
	size := image.Pt(clamp(tile.X, least.X, most.X), clamp(tile.Y, least.Y, most.Y))
	return Wish{Size: size, FrameRate: frameRate, Bitrate: bitrate(size)}
}

// clamp returns the even number next to n, upwards, between least and most.
func clamp(n, least, most int) int { return min(max((n+1)&^1, least), most) }

// bitrate is what natural pictures of a size need at 30 a second, in whole
// 10 kbit/s: 1.5 Mbit/s for 1280x720, and for a quarter of its pixels a third.
func bitrate(size image.Point) int {
	share := float64(size.X*size.Y) / float64(most.X*most.Y)
	return int(math.Round(150*math.Pow(share, 0.8))) * 10_000
}

// enough reports whether a sender of what was requested last need not be asked for w: the last
// request covers w and is not much more. A tile grows or shrinks by a little whenever a
// participant joins.
func (last Wish) enough(w Wish) bool {
	return w != (Wish{}) && last.FrameRate == w.FrameRate &&
		last.Size.X >= w.Size.X && last.Size.Y >= w.Size.Y &&
		last.Size.X*last.Size.Y*2 <= w.Size.X*w.Size.Y*3
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
	if asked && (wish == before || before.enough(wish)) {
		a.less = time.Time{}
		return false, time.Time{}
	}
	due := now
	if asked {
		due = a.at.Add(interval)
	}
	if wish.Size.X > before.Size.X || wish.Size.Y > before.Size.Y {
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
