package worker

import (
	"image"

	"tilemix/mcu/fit"
)

// planes returns the bytes of a picture in 4:2:0 without padding.
func planes(w, h int) int { return w*h + 2*((w+1)/2)*((h+1)/2) }

// spot says where a slot has what a tile shows of a source: at which byte, in which size. Both sides
// compute it. Behind the last tile is the end of all.
func spot(w *fit.Wanted, source image.Point, tile int) (at int, place image.Point) {
	for i := range tile {
		place = w.Place(i, source)
		at += planes(place.X, place.Y)
	}
	if tile < fit.Most {
		place = w.Place(tile, source)
	}
	return at, place
}

// end returns the bytes of all that a slot has of a source.
func end(w *fit.Wanted, source image.Point) int {
	if w.Tiles == ([fit.Most]image.Point{}) {
		return planes(source.X, source.Y)
	}
	at, _ := spot(w, source, fit.Most)
	return at
}

// lay lays a picture over memory, plane after plane, without padding.
func lay(b []byte, w, h int) image.YCbCr {
	luma, chroma := w*h, ((w+1)/2)*((h+1)/2)
	return image.YCbCr{
		Y: b[:luma:luma], Cb: b[luma : luma+chroma : luma+chroma], Cr: b[luma+chroma : luma+2*chroma : luma+2*chroma],
		YStride: w, CStride: (w + 1) / 2, SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, w, h),
	}
}
