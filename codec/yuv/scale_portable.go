//go:build !cgo

package yuv

func scale(dst, src *[3]plane) { scaleGo(dst, src) }

func recolour(p *[3]plane, m *matrix) { recolourGo(p, m) }
