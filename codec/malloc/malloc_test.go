package malloc_test

import (
	"image"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/malloc"
)

// TestBound makes and closes the codecs of a call again and again. What stays resident
// is little, and does not grow.
func TestBound(t *testing.T) {
	if resident(t) == 0 {
		t.Skip("there is no /proc here")
	}
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	if !malloc.Bound() {
		t.Fatal("the C library refused a bound")
	}
	pictures := []*image.YCbCr{codectest.Picture(640, 360, 1), codectest.Picture(640, 360, 2)}
	before := resident(t)
	var first, most int
	for round := range 4 {
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() { code(t, pictures) })
		}
		all.Wait()
		now := resident(t)
		t.Logf("round %d: %d MiB", round+1, now>>20)
		if round == 0 {
			first = now
		}
		most = max(most, now)
	}
	if most-first > 24<<20 {
		t.Errorf("memory grew from %d to %d MiB", first>>20, most>>20)
	}
	malloc.Trim()
	if now := resident(t); now-before > 12<<20 {
		t.Errorf("trimmed, memory is %d MiB more than before", (now-before)>>20)
	}
}

// code makes an encoder and a decoder, uses them for some pictures and closes them.
func code(t *testing.T, pictures []*image.YCbCr) {
	runtime.LockOSThread() // glibc gives each thread an arena
	defer runtime.UnlockOSThread()
	w, h := pictures[0].Rect.Dx(), pictures[0].Rect.Dy()
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: w, Height: h, FrameRate: 30, Bitrate: 1_500_000})
	if err != nil {
		t.Error(err)
		return
	}
	defer enc.Close()
	dec, err := h264.NewDecoder(limit.Limits{})
	if err != nil {
		t.Error(err)
		return
	}
	defer dec.Close()
	for n, img := range pictures {
		au, err := enc.Encode(img, time.Duration(n)*time.Second/30)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := dec.Decode(au.Data); err != nil {
			t.Error(err)
		}
	}
}

// resident is this process's memory in bytes without what Go has freed, or 0 if the
// system does not say.
func resident(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
