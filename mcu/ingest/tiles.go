package ingest

import (
	"image"
	"sync/atomic"

	"tilemix/mcu/fit"
	"tilemix/mixer/layout"
)

// tiles are the sizes of a camera's tiles. Show is for one goroutine; the rest is safe for concurrent
// use.
type tiles struct {
	first atomic.Uint64                 // the largest, packed; 0: nobody sees it
	other atomic.Pointer[[]image.Point] // of other views; nil: none
	whole atomic.Uint32                 // see fit.Wanted
}

// show takes new sizes, and tells whether anybody saw the camera before.
func (t *tiles) show(first image.Point, other []image.Point) (before bool) {
	if other = other[:min(len(other), fit.Most-1)]; len(other) > 0 {
		t.other.Store(&other)
	} else if t.other.Load() != nil {
		t.other.Store(nil)
	}
	return t.first.Swap(uint64(uint32(first.X))<<32|uint64(uint32(first.Y))) != 0
}

// seen tells whether anybody sees the camera.
func (t *tiles) seen() bool { return t.first.Load() != 0 }

// wanted returns the tiles of a source of a kind.
func (t *tiles) wanted(kind layout.SourceKind) fit.Wanted {
	s := t.first.Load()
	w := fit.Wanted{Kind: kind, Whole: uint8(t.whole.Load()), Tiles: [fit.Most]image.Point{{X: int(s >> 32), Y: int(uint32(s))}}}
	if other := t.other.Load(); other != nil {
		copy(w.Tiles[1:], *other)
	}
	return w
}
