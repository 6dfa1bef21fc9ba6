package yuv

import "image"

// ScaleGo is Scale by the plain Go code, whichever Scale uses.
func ScaleGo(dst, src *image.YCbCr) {
	to, from := planes(dst), planes(src)
	scaleGo(&to, &from)
}

// ToCanvasGo is ToCanvas in plain Go.
func ToCanvasGo(img *image.YCbCr, from Colour) {
	p, m := planes(img), matrixFrom(from)
	recolourGo(&p, &m)
}
