//go:build !cgo

package yuv

func halve(dst, src *plane, across, down bool, row []byte, _ way) {
	halveGo(dst, src, across, down, row)
}

func resample(dst, src *plane, across, down *axis, row []byte, _ way) {
	resampleGo(dst, src, across, down, row)
}

func recolour(p *[3]plane, m *matrix) { recolourGo(p, m) }
