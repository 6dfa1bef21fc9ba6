//go:build !cgo

package yuv

func scale(dst, src *[3]plane) { scaleGo(dst, src) }
