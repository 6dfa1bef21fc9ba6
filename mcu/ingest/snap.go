package ingest

import (
	"image"
	"sync/atomic"

	"tilemix/codec"
	"tilemix/codec/yuv"
)

// maxSizes (4) is in how many sizes a picture is kept, for views in which its tile has other sizes.
const maxSizes = 4

// tiles are the sizes of a camera's tiles. Show is for one goroutine and scale for the decoder's; the
// rest is safe for concurrent use.
type tiles struct {
	first   atomic.Uint64                 // the largest, packed; 0: nobody sees it
	other   atomic.Pointer[[]image.Point] // of other views; nil: none
	scalers [maxSizes]yuv.Scaler          // one a size
}

// show takes new sizes, and tells whether anybody saw the camera before.
func (t *tiles) show(first image.Point, other []image.Point) (before bool) {
	if other = other[:min(len(other), maxSizes-1)]; len(other) > 0 {
		t.other.Store(&other)
	} else if t.other.Load() != nil {
		t.other.Store(nil)
	}
	return t.first.Swap(uint64(uint32(first.X))<<32|uint64(uint32(first.Y))) != 0
}

// seen tells whether anybody sees the camera.
func (t *tiles) seen() bool { return t.first.Load() != 0 }

// scale returns a picture in the size of each tile, chained by Frame.Other, or nil where there is no
// tile or, which it tells, no memory.
func (t *tiles) scale(img *image.YCbCr, cfg *VideoConfig) (f *yuv.Frame, starved bool) {
	s := t.first.Load()
	if f, starved = t.scaled(img, image.Pt(int(s>>32), int(uint32(s))), 0, cfg); f == nil {
		return nil, starved
	}
	if other := t.other.Load(); other != nil {
		last := f
		for i, size := range *other {
			if o, _ := t.scaled(img, size, i+1, cfg); o != nil {
				last.Other, last = o, o
			}
		}
	}
	return f, false
}

// scaled returns a picture in the size of one tile.
func (t *tiles) scaled(img *image.YCbCr, tile image.Point, i int, cfg *VideoConfig) (f *yuv.Frame, starved bool) {
	crop, place := cfg.Kind.Fit(img.Rect.Size(), image.Rectangle{Max: tile})
	if place.Empty() {
		return nil, false
	}
	if f = cfg.Pool.Get(place.Dx(), place.Dy()); f == nil {
		return nil, true
	}
	src := yuv.View(img, snap(img.Rect.Size(), crop, place.Size()).Add(img.Rect.Min))
	t.scalers[i].Scale(&f.YCbCr, &src)
	if d, ok := cfg.Decoder.(codec.ColourTeller); ok {
		yuv.ToCanvas(&f.YCbCr, d.Colour())
	}
	return f, false
}

const (
	// maxSnap is how much more of a picture's side may be cut off, in per cent, to
	// copy the rest.
	maxSnap = 2
	// leastSnap is how much of a whole picture has to be left then, in per cent.
	leastSnap = 90
)

// snap returns the middle of crop that is exactly as large as the place, where hardly
// anything is lost by it: what an encoder rounded up when it was asked for the place's
// size. It is only copied, and without the blur of a small step it is sharper. A picture of
// the size whole that was cropped to the tile's shape before loses no more.
func snap(whole image.Point, crop image.Rectangle, place image.Point) image.Rectangle {
	have := crop.Size()
	cut := have.Sub(place)
	if cut.X < 0 || cut.Y < 0 || cut.X*100 > have.X*maxSnap || cut.Y*100 > have.Y*maxSnap ||
		place.X*place.Y*100 < whole.X*whole.Y*leastSnap {
		return crop
	}
	at := crop.Min.Add(image.Pt(cut.X/2&^1, cut.Y/2&^1))
	return image.Rectangle{Min: at, Max: at.Add(place)}
}
