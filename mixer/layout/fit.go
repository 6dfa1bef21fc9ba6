package layout

import "image"

// How much of a source may be cut away, in per cent, before it is boxed
// instead. Upright pictures lose sky and table, as 4:3 in 16:9 does with its
// quarter and some rounding. A picture up to 16:9 loses what is beside head and
// shoulders, a third and some rounding in the tallest tiles. Encoders that scale down round to
// whole blocks, so that 320x176 is 16:9 as well: it is in turn with 1280x720 while a line is bad.
// What wider ones would lose at their sides may be a person.
const (
	maxCutHeight = 27
	maxCutSides  = 37
	maxCutWidth  = 20
	// blockRounding is how much wider than 16:9 a picture is by its blocks, in per cent.
	blockRounding = 4
)

// Fit says how a source of size src pixels is shown in a tile: crop is the part
// of the source that is used, place the part of the tile that it fills. Where
// the shapes are alike, place is the whole tile and crop has its shape; where
// they differ much, crop is the whole source and place has its shape. Both begin at
// even pixels and are centred to within a pixel. place has an even size; the last
// column and row of an odd source are in crop unless they are cut off. They are
// empty when source or tile is smaller than 2×2.
//
// A picture of place's size is shown as it is: Fit(place.Size(), tile) returns
// the whole picture and the same place.
func Fit(src image.Point, tile image.Rectangle) (crop, place image.Rectangle) {
	size := image.Pt(even(tile.Dx()), even(tile.Dy()))
	if src.X < 2 || src.Y < 2 || size.X < 2 || size.Y < 2 {
		return image.Rectangle{}, image.Rectangle{}
	}
	crop, place = image.Rectangle{Max: src}, image.Rectangle{Max: size}.Add(tile.Min)
	// The choice is made by the rounded box, so that a boxed picture is boxed
	// again when it comes back in its new size.
	box := shrink(size, src)
	cutWidth := maxCutWidth
	if box.X*wideShape.y*100 <= (box.Y+1)*wideShape.x*(100+blockRounding) {
		cutWidth = maxCutSides
	}
	if size.X*(100-maxCutHeight) <= box.X*100 && size.Y*(100-cutWidth) <= box.Y*100 {
		part := shrink(src, size)
		if cut := src.Sub(part); cut.X < 2 && cut.Y < 2 {
			part = src // an odd column or row is no reason to cut
		}
		return centre(crop, part), place
	}
	return crop, centre(place, box)
}

// shrink returns the largest even size within outer that has the shape of
// inner.
func shrink(outer, inner image.Point) image.Point {
	if w := nearestEven(outer.Y*inner.X, inner.Y); w <= outer.X {
		return image.Pt(max(w, 2), outer.Y)
	}
	return image.Pt(outer.X, min(outer.Y, max(2, nearestEven(outer.X*inner.Y, inner.X))))
}

// centre returns the rectangle of the given size in the middle of r.
func centre(r image.Rectangle, size image.Point) image.Rectangle {
	at := image.Pt(even((r.Dx()-size.X+1)/2), even((r.Dy()-size.Y+1)/2))
	return image.Rectangle{Max: size}.Add(r.Min).Add(at)
}
