package ingest

import "image"

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
