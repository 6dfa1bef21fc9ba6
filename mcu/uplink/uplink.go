// Package uplink decides which picture each sender is asked to send: no more than its tile
// needs, and no new request every moment. Time is an argument.
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
	// interval is the least time between two requests to a sender.
	interval = 2 * time.Second
	// patience is how long less has to be enough before a sender is asked for less, because a
	// layout often changes back.
	patience = time.Second
)

// Constraints are the most that the mix can use of a camera. The zero value is no picture.
type Constraints struct {
	Size      image.Point // pixels
	FrameRate int         // pictures a second
	Bitrate   int         // bits a second
}

// The bounds of a request. Below least there is little to save. Every camera has most.
var (
	least = image.Pt(160, 90)
	most  = image.Pt(1280, 720)
	// mostScreen is for screens, of which each pixel counts.
	mostScreen = image.Pt(1920, 1080)
)

// For returns the constraints for a tile of a size in pixels: exactly that size, so that the
// server copies the picture unscaled. A tile without pixels needs no picture.
func For(tile image.Point, frameRate int) Constraints {
	if tile.X <= 0 || tile.Y <= 0 {
		return Constraints{}
	}
	size := image.Pt(clamp(tile.X, least.X, most.X), clamp(tile.Y, least.Y, most.Y))
	return Constraints{Size: size, FrameRate: frameRate, Bitrate: bitrate(covering(size))}
}

// ForScreen returns the constraints for a screen in a tile of a size in pixels, up to 1920x1080. Its
// pictures are boxed in the tile and not cropped, so no more than the tile's size is of use.
func ForScreen(tile image.Point, frameRate int) Constraints {
	if tile.X <= 0 || tile.Y <= 0 {
		return Constraints{}
	}
	size := image.Pt(clamp(tile.X, least.X, mostScreen.X), clamp(tile.Y, least.Y, mostScreen.Y))
	return Constraints{Size: size, FrameRate: frameRate, Bitrate: bitrate(size)}
}

// clamp returns the even number next to n, upwards, between least and most.
func clamp(n, least, most int) int { return min(max((n+1)&^1, least), most) }

// covering returns the 16:9 picture that covers a tile, which is what most cameras send for it.
func covering(tile image.Point) image.Point {
	return image.Pt(min(max(tile.X, tile.Y*16/9), most.X), min(max(tile.Y, tile.X*9/16), most.Y))
}

// bitrate is what natural pictures of a size need at 30 a second, in whole
// 10 kbit/s: 1.5 Mbit/s for 1280x720, and for a quarter of its pixels a third.
func bitrate(size image.Point) int {
	share := float64(size.X*size.Y) / float64(most.X*most.Y)
	return int(math.Round(150*math.Pow(share, 0.8))) * 10_000
}

// enough reports whether a request for c can stand when next is needed: c covers next and is not
// much more. A tile grows or shrinks by a little whenever a
// participant joins.
func (c Constraints) enough(next Constraints) bool {
	return next != (Constraints{}) && c.FrameRate == next.FrameRate &&
		c.Size.X >= next.Size.X && c.Size.Y >= next.Size.Y &&
		c.Size.X*c.Size.Y*2 <= next.Size.X*next.Size.Y*3
}

// Requested has the constraints that one sender was last asked to keep. The zero value is none
// yet. It belongs to one goroutine.
type Requested struct {
	last Constraints
	at   time.Time // when it was requested
	less time.Time // since when less would be enough; zero: it would not
}

// Last returns the last constraints, and false if there are none yet.
func (r *Requested) Last() (Constraints, bool) { return r.last, !r.at.IsZero() }

// Decide returns whether the server is to send the sender new constraints now. It requests more
// at once, less only after a second in which less was enough, and nothing within two seconds of
// the last request. If it is too early, again is when to decide once more unless something
// changes before. Otherwise again is zero.
func (r *Requested) Decide(next Constraints, now time.Time) (request bool, again time.Time) {
	before, requested := r.Last()
	if requested && (next == before || before.enough(next)) {
		r.less = time.Time{}
		return false, time.Time{}
	}
	due := now
	if requested {
		due = r.at.Add(interval)
	}
	if next.Size.X > before.Size.X || next.Size.Y > before.Size.Y {
		r.less = time.Time{}
	} else {
		if r.less.IsZero() {
			r.less = now
		}
		if t := r.less.Add(patience); t.After(due) {
			due = t
		}
	}
	if due.After(now) {
		return false, due
	}
	r.last, r.at, r.less = next, now, time.Time{}
	return true, time.Time{}
}
