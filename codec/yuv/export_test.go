package yuv

import "image"

// ScaleGo is Scale by the plain Go code, whichever Scale uses.
func ScaleGo(dst, src *image.YCbCr) {
	to, from := planes(dst), planes(src)
	scaleGo(&to, &from)
}
