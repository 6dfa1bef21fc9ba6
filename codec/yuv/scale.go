package yuv

import "image"

// Scale draws all of src, stretched or shrunk, on all of dst. A shape of another
// aspect ratio is distorted: crop with View before. Equal sizes are copied. dst and
// src must not share memory; either may be a View. Empty pictures are left alone.
func Scale(dst, src *image.YCbCr) {
	to, from := planes(dst), planes(src)
	if dst.Rect.Empty() || src.Rect.Empty() {
		return
	}
	if dst.Rect.Size() == src.Rect.Size() {
		Copy(dst, src)
		return
	}
	scale(&to, &from)
}
