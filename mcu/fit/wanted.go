package fit

import (
	"image"

	"tilemix/codec/yuv"
	"tilemix/mixer/decor"
	"tilemix/mixer/layout"
)

// Most (4) is in how many sizes a picture is kept, for views in which its tile has other sizes.
const Most = 4

// Wanted are the tiles that show a source. Its values can be compared.
type Wanted struct {
	Kind  layout.SourceKind // a screen loses nothing at its edges
	Tiles [Most]image.Point // pixels, the largest first; the zero size is none
	Whole uint8             // bit i: tile i cuts nothing off
}

// Place returns the size of what tile i shows of a source, in pixels, and zero where it shows none.
func (w *Wanted) Place(i int, source image.Point) image.Point {
	_, place := w.fit(i, source)
	if place.Empty() {
		return image.Point{}
	}
	return place.Size()
}

// fit says what of a source is in tile i, and where, as layout.Fit does.
func (w *Wanted) fit(i int, source image.Point) (crop, place image.Rectangle) {
	kind := w.Kind.In(decor.Trim{Whole: w.Whole>>i&1 != 0})
	return kind.Fit(source, image.Rectangle{Max: w.Tiles[i]})
}

// Picture is what came of an access unit.
type Picture struct {
	Source  image.Point // size of the picture as it was decoded, pixels; zero: there is none yet
	Frame   *yuv.Frame  // of the first tile, the others chained by Other; nil: it has none. The caller releases it
	Starved bool        // there is none because the pool had no frame
}

// Drawer draws what tile i shows of its picture on all of dst.
type Drawer interface{ Draw(dst *image.YCbCr, i int) }

// Gather has a picture of a size drawn for each tile, in frames of a pool. A tile other than the first
// for which there is no frame is left out.
func (w *Wanted) Gather(pool *yuv.Pool, source image.Point, from Drawer) Picture {
	p := Picture{Source: source}
	var last *yuv.Frame
	for i := range w.Tiles {
		place := w.Place(i, source)
		if place == (image.Point{}) {
			if i == 0 {
				break
			}
			continue
		}
		f := pool.Get(place.X, place.Y)
		switch {
		case f == nil && i == 0:
			p.Starved = true
			return p
		case f == nil:
			continue
		case i == 0:
			p.Frame = f
		default:
			last.Other = f
		}
		from.Draw(&f.YCbCr, i)
		last = f
	}
	return p
}
