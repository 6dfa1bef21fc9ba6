// Package barcode paints numbers into pictures and reads them again, so that a
// picture is known by its number wherever it comes out. A barcode is two rows of
// eight cells in the middle of a picture, black or white, so large that they survive
// being scaled to a tile of 5x5 and two encoders. It holds ten bits and six that
// check them.
package barcode

import (
	"image"

	"tilemix/codec/yuv"
)

// Numbers is how many numbers there are.
const Numbers = 1024

const (
	cols, rows    = 8, 2
	white, black  = 215, 35
	leastContrast = 60
)

// cellOf is where a cell is in a picture.
func cellOf(r image.Rectangle, n int) image.Rectangle {
	col, row := n%cols, n/cols
	left, right := r.Min.X+r.Dx()*(160+col*60)/800, r.Min.X+r.Dx()*(160+(col+1)*60)/800
	top, bottom := r.Min.Y+r.Dy()*(35+row*15)/100, r.Min.Y+r.Dy()*(50+row*15)/100
	return image.Rect(left, top, right, bottom)
}

// checked adds the check to a number.
func checked(n int) uint32 {
	return uint32(n)<<6 | (uint32(n)+1)*0x9e3779b1>>26
}

// Paint paints a number below Numbers into a picture.
func Paint(img *image.YCbCr, n int) {
	word := checked(n)
	for i := range cols * rows {
		luma := uint8(black)
		if word>>i&1 != 0 {
			luma = white
		}
		cell := cellOf(img.Rect, i)
		cell.Min.X, cell.Min.Y, cell.Max.X, cell.Max.Y = cell.Min.X&^1, cell.Min.Y&^1, cell.Max.X&^1, cell.Max.Y&^1
		v := yuv.View(img, cell)
		yuv.Fill(&v, luma, 128, 128)
	}
}

// Read reads the number in a part of a picture, and tells whether there is one.
func Read(img *image.YCbCr, place image.Rectangle) (int, bool) {
	var cells [cols * rows]int
	low, high := 255, 0
	for i := range cells {
		cell := cellOf(place, i)
		cells[i] = meanLuma(img, cell, cell.Dx()/4, cell.Dy()/4)
		low, high = min(low, cells[i]), max(high, cells[i])
	}
	var word uint32
	for i, v := range cells {
		if v > (low+high)/2 {
			word |= 1 << i
		}
	}
	n := int(word >> 6)
	return n, high-low >= leastContrast && checked(n) == word
}

// Spread returns where a picture of a size would be if a tile showed all of it: the tile shows
// crop of it at place. It is what Read wants where a picture was cropped, and may be beyond the tile.
func Spread(size image.Point, crop, place image.Rectangle) image.Rectangle {
	at := func(x, y int) image.Point {
		return place.Min.Add(image.Pt((x-crop.Min.X)*place.Dx()/crop.Dx(), (y-crop.Min.Y)*place.Dy()/crop.Dy()))
	}
	return image.Rectangle{Min: at(0, 0), Max: at(size.X, size.Y)}
}

// meanLuma is the mean of a rectangle without its margins.
func meanLuma(img *image.YCbCr, r image.Rectangle, dx, dy int) int {
	r = image.Rect(r.Min.X+dx, r.Min.Y+dy, r.Max.X-dx, r.Max.Y-dy).Intersect(img.Rect)
	if r.Empty() {
		return 0
	}
	sum := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for _, v := range img.Y[img.YOffset(r.Min.X, y):][:r.Dx()] {
			sum += int(v)
		}
	}
	return sum / (r.Dx() * r.Dy())
}
