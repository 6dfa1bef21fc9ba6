package bench

import (
	"image"

	"tilemix/codec/yuv"
)

// A barcode is two rows of eight cells in the middle of a picture, black or white,
// so large that they survive being scaled to a tile of 5x5 and two encoders. It
// holds ten bits and six that check them.
const (
	barcodeCols   = 8
	barcodeRows   = 2
	barcodeBits   = 10
	barcodeWhite  = 215
	barcodeBlack  = 35
	leastContrast = 60
)

// barcodeCell is where a cell is in a picture.
func barcodeCell(r image.Rectangle, n int) image.Rectangle {
	col, row := n%barcodeCols, n/barcodeCols
	left, right := r.Min.X+r.Dx()*(160+col*60)/800, r.Min.X+r.Dx()*(160+(col+1)*60)/800
	top, bottom := r.Min.Y+r.Dy()*(35+row*15)/100, r.Min.Y+r.Dy()*(50+row*15)/100
	return image.Rect(left, top, right, bottom)
}

// barcodeWord adds the check to a number.
func barcodeWord(n int) uint32 {
	return uint32(n)<<6 | (uint32(n)+1)*0x9e3779b1>>26
}

// paintBarcode paints a number below 1024 into a picture.
func paintBarcode(img *image.YCbCr, n int) {
	word := barcodeWord(n)
	for i := range barcodeCols * barcodeRows {
		luma := uint8(barcodeBlack)
		if word>>i&1 != 0 {
			luma = barcodeWhite
		}
		cell := barcodeCell(img.Rect, i)
		cell.Min.X, cell.Min.Y, cell.Max.X, cell.Max.Y = cell.Min.X&^1, cell.Min.Y&^1, cell.Max.X&^1, cell.Max.Y&^1
		v := yuv.View(img, cell)
		yuv.Fill(&v, luma, 128, 128)
	}
}

// readBarcode reads the number in a part of a picture.
func readBarcode(img *image.YCbCr, place image.Rectangle) (int, bool) {
	var cells [barcodeCols * barcodeRows]int
	low, high := 255, 0
	for i := range cells {
		cell := barcodeCell(place, i)
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
	return n, high-low >= leastContrast && barcodeWord(n) == word
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
