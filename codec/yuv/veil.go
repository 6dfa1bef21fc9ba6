package yuv

import "image"

// Veil moves all of dst towards a colour: by alpha of 255.
func Veil(dst *image.YCbCr, alpha, y, cb, cr uint8) {
	for i, p := range planes(dst) {
		veilPlane(&p, int32(alpha), int32([...]uint8{y, cb, cr}[i]))
	}
}

func veilPlane(p *plane, alpha, c int32) {
	var veiled [256]byte
	for d := range veiled {
		veiled[d] = byte(int32(d) + ((c-int32(d))*alpha*257+1<<15)>>16)
	}
	for y := range p.h {
		row := p.row(y)
		for x, d := range row {
			row[x] = veiled[d]
		}
	}
}
