package route

import (
	"image"
	"slices"
	"time"
)

const (
	// layerSilence is how long a layer may be silent until another stands in for it.
	layerSilence = time.Second
	// layerAsk is the least time between two requests for a layer's key frame.
	layerAsk = 500 * time.Millisecond
)

// size is that of a layer's pictures, in pixels; zero before a key frame has said it.
type size = image.Point

// layers are those of one section that have come.
type layers struct{ all []*lane }

// add takes a layer, in place of what had its name before.
func (y *layers) add(l *lane) {
	y.all = slices.DeleteFunc(y.all, func(other *lane) bool { return other.rid == l.rid || other == l })
	y.all = append(y.all, l)
}

// best returns the layer to be read, of those that arrive: the smallest that covers the tile,
// or the largest if none does. The one that is read stays where nothing better is known.
func (y *layers) best(want size, now time.Time) (best *lane) {
	for _, l := range y.all {
		if now.Sub(l.last) > layerSilence {
			continue
		}
		if best == nil || l.before(best, want) {
			best = l
		}
	}
	return best
}

// before tells whether a layer is to be read rather than another, for a tile of a size.
func (l *lane) before(b *lane, want size) bool {
	if l.size == (size{}) || b.size == (size{}) {
		if l.size == b.size {
			return l.stream != nil
		}
		return b.size == (size{})
	}
	covers := func(l *lane) bool { return l.size.X >= want.X && l.size.Y >= want.Y }
	if covers(l) != covers(b) {
		return covers(l)
	}
	return covers(l) == (l.size.X*l.size.Y < b.size.X*b.size.Y)
}
