// Package motion says where tiles are on their way from one place to another. Everything in it is a
// pure function of time.
package motion

import (
	"image"
	"math"
	"time"
)

// Transition is how tiles come to other places. The zero Transition has them jump. Its values can be
// compared.
type Transition struct {
	Length time.Duration // from the first place to the last
	Ease   Ease
}

// Part returns how much of the way is behind a tile some time after it began, from 0 to 1.
func (t Transition) Part(since time.Duration) float64 {
	if since >= t.Length {
		return 1
	}
	return t.Ease.At(float64(since) / float64(t.Length))
}

// Between returns the rectangle that is a part of the way, 0 to 1, from one to another. It is
// even-aligned if both are.
func Between(from, to image.Rectangle, part float64) image.Rectangle {
	return image.Rectangle{
		Min: image.Pt(between(from.Min.X, to.Min.X, part), between(from.Min.Y, to.Min.Y, part)),
		Max: image.Pt(between(from.Max.X, to.Max.X, part), between(from.Max.Y, to.Max.Y, part)),
	}
}

// between moves in steps of two pixels, which share a sample of chroma.
func between(from, to int, part float64) int {
	return from + 2*int(math.Round(float64(to-from)/2*part))
}
