package yuv

import "image"

// Fade moves all of dst towards src, top left corner to top left corner: by alpha of 255. Where the
// sizes differ it moves what fits.
func Fade(dst, src *image.YCbCr, alpha uint8) {
	from := planes(src)
	for i, p := range planes(dst) {
		for y := range min(p.h, from[i].h) {
			fadeRow(p.row(y), from[i].row(y), int32(alpha))
		}
	}
}

func fadeRow(dst, src []byte, alpha int32) {
	n := min(len(dst), len(src))
	dst, src = dst[:n], src[:n]
	for x, d := range dst {
		dst[x] = byte(int32(d) + ((int32(src[x])-int32(d))*alpha*257+1<<15)>>16)
	}
}
