package yuv_test

import (
	"sync"
	"testing"
	"time"

	"tilemix/codec/yuv"
)

func TestPoolIsBounded(t *testing.T) {
	p := yuv.NewPool(3)
	var frames []*yuv.Frame
	for range 3 {
		frames = append(frames, p.Get(64, 48))
	}
	if p.Get(64, 48) != nil {
		t.Fatal("a fourth frame from a pool of three")
	}
	if p.Live() != 3 {
		t.Fatalf("Live() = %d, want 3", p.Live())
	}
	frames[1].Release()
	f := p.Get(32, 16)
	if f == nil {
		t.Fatal("no frame after one came back")
	}
	for _, f := range []*yuv.Frame{frames[0], f, frames[2]} {
		f.Release()
	}
	if p.Live() != 0 {
		t.Fatalf("Live() = %d after all came back", p.Live())
	}
}

func TestFrameShape(t *testing.T) {
	p := yuv.NewPool(1)
	for _, size := range [][2]int{{2, 2}, {1280, 720}, {495, 371}, {1, 1}, {64, 48}, {0, 0}} {
		w, h := size[0], size[1]
		f := p.Get(w, h)
		if f.Rect.Dx() != w || f.Rect.Dy() != h || !f.Rect.Min.Eq(f.Bounds().Min) {
			t.Errorf("%dx%d: bounds %v", w, h, f.Rect)
		}
		if c := (w + 1) / 2 * ((h + 1) / 2); len(f.Y) != w*h || len(f.Cb) != c || len(f.Cr) != c {
			t.Errorf("%dx%d: planes of %d, %d, %d bytes", w, h, len(f.Y), len(f.Cb), len(f.Cr))
		}
		f.Release()
	}
}

func TestFrameIsFreedByTheLastReference(t *testing.T) {
	p := yuv.NewPool(1)
	f := p.Get(16, 16)
	if f.Retain() != f {
		t.Fatal("Retain returns another frame")
	}
	f.Release()
	if p.Live() != 1 {
		t.Fatal("freed while a reference is left")
	}
	f.Release()
	if p.Live() != 0 {
		t.Fatal("not freed with the last reference")
	}
	(*yuv.Frame)(nil).Release()
}

func TestFrameForgetsItsLastTime(t *testing.T) {
	p := yuv.NewPool(1)
	f := p.Get(2, 2)
	f.At = time.Unix(1, 0)
	f.Release()
	if f = p.Get(2, 2); !f.At.IsZero() {
		t.Errorf("a new frame arrived at %v", f.At)
	}
	f.Release()
}

func TestFrameMisusePanics(t *testing.T) {
	released := func() *yuv.Frame {
		f := yuv.NewPool(1).Get(2, 2)
		f.Release()
		return f
	}
	for name, misuse := range map[string]func(){
		"release twice":        func() { released().Release() },
		"retain after release": func() { released().Retain() },
		"negative size":        func() { yuv.NewPool(1).Get(-2, 2) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			misuse()
		})
	}
}

// TestPoolConcurrent has many owners write and check their own mark: two who got
// the same memory would see each other's.
func TestPoolConcurrent(t *testing.T) {
	const limit = 4
	p := yuv.NewPool(limit)
	var wg sync.WaitGroup
	for owner := range byte(8) {
		wg.Go(func() {
			for n := range 2000 {
				f := p.Get(16+n%3*8, 16)
				if f == nil {
					continue
				}
				if p.Live() > limit+8 {
					t.Errorf("%d frames live", p.Live())
				}
				share(t, f, owner)
			}
		})
	}
	wg.Wait()
	if p.Live() != 0 {
		t.Fatalf("Live() = %d, want 0", p.Live())
	}
}

// share marks the frame, reads it from a second goroutine too, and releases it.
func share(t *testing.T, f *yuv.Frame, mark byte) {
	yuv.Fill(&f.YCbCr, mark, mark, mark)
	f.Retain()
	var reader sync.WaitGroup
	check := func() {
		for _, plane := range [][]byte{f.Y, f.Cb, f.Cr} {
			for _, v := range plane {
				if v != mark {
					t.Errorf("mark %d in the frame of %d", v, mark)
					return
				}
			}
		}
	}
	reader.Go(func() {
		defer f.Release()
		check()
	})
	check()
	f.Release()
	reader.Wait()
}

func TestPoolAllocatesNothing(t *testing.T) {
	p := yuv.NewPool(4)
	sizes := [][2]int{{640, 360}, {320, 180}, {426, 240}}
	n := testing.AllocsPerRun(100, func() {
		var frames [4]*yuv.Frame
		for i := range frames {
			size := sizes[i%len(sizes)]
			frames[i] = p.Get(size[0], size[1])
		}
		for _, f := range frames {
			f.Release()
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
