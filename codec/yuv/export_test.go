package yuv

import "image"

// ScaleGo is Scale by the plain Go code, whichever Scale uses.
func ScaleGo(dst, src *image.YCbCr) {
	s := Scaler{how: plainGo}
	s.Scale(dst, src)
}

// ScaleC is Scale by the plain C code.
func ScaleC(dst, src *image.YCbCr) {
	s := Scaler{how: plainC}
	s.Scale(dst, src)
}

// ToCanvasGo is ToCanvas in plain Go.
func ToCanvasGo(img *image.YCbCr, from Colour) {
	p, m := planes(img), matrixFrom(from)
	recolourGo(&p, &m)
}
