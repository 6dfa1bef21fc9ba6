package yuv_test

import (
	"image"
	"syscall"
	"testing"

	"tilemix/codec/yuv"
)

// guarded returns n bytes whose end is the end of what may be touched: a read or
// write beyond ends the test with a fault.
func guarded(t *testing.T, n int) []byte {
	page := syscall.Getpagesize()
	size := (n + page - 1) / page * page
	mem, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(mem) })
	if err := syscall.Mprotect(mem[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return mem[size-n : size : size]
}

func guardedPicture(t *testing.T, size image.Point) *image.YCbCr {
	cw, ch := (size.X+1)/2, (size.Y+1)/2
	return &image.YCbCr{
		Y: guarded(t, size.X*size.Y), Cb: guarded(t, cw*ch), Cr: guarded(t, cw*ch),
		YStride: size.X, CStride: cw,
		SubsampleRatio: image.YCbCrSubsampleRatio420,
		Rect:           image.Rectangle{Max: size},
	}
}

// TestScaleKeepsToItsMemory shows that no filter, vector code included, reads or
// writes past the last pixel.
func TestScaleKeepsToItsMemory(t *testing.T) {
	for _, s := range sizes {
		yuv.Scale(guardedPicture(t, s.dst), guardedPicture(t, s.src))
	}
}
