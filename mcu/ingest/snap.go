package ingest

import "image"

const (
	// maxSnap is how much more of a picture's side may be cut off, in per cent, to
	// make scaling cheap.
	maxSnap = 4
	// leastSnap is how much of a whole picture has to be left then, in per cent.
	leastSnap = 90
)

// snap returns a part of crop that is exactly as large as the place, or two or four
// times so, where hardly anything is lost by it. The first is only copied, and the
// others are scaled ten times as fast as what is nearly so; without the blur of
// a small step they are sharper too. A picture of the size whole that was cropped to the tile's
// shape before loses no more.
func snap(whole image.Point, crop image.Rectangle, place image.Point) image.Rectangle {
	have := crop.Size()
	for _, k := range []int{1, 2, 4} {
		want := place.Mul(k)
		cut := have.Sub(want)
		if cut.X < 0 || cut.Y < 0 || cut.X*100 > have.X*maxSnap || cut.Y*100 > have.Y*maxSnap ||
			want.X*want.Y*100 < whole.X*whole.Y*leastSnap && cut != (image.Point{}) {
			continue
		}
		at := crop.Min.Add(image.Pt(cut.X/2&^1, cut.Y/2&^1))
		return image.Rectangle{Min: at, Max: at.Add(want)}
	}
	return crop
}
