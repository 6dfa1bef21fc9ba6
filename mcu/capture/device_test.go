package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"math"
	"testing"

	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/prop"

	"tilemix/codec/pcm"
)

func TestClosest(t *testing.T) {
	mode := func(w, h int, rate float32, format frame.Format) prop.Media {
		return prop.Media{Video: prop.Video{Width: w, Height: h, FrameRate: rate, FrameFormat: format}}
	}
	want := Format{Size: image.Pt(1280, 720), FrameRate: 30}
	for name, c := range map[string]struct {
		modes []prop.Media
		is    prop.Media // zero: none
	}{
		"no format":                   {},
		"none with a size":            {modes: []prop.Media{mode(0, 0, 30, frame.FormatYUYV)}},
		"none of an even size":        {modes: []prop.Media{mode(641, 480, 30, frame.FormatYUYV), mode(640, 479, 30, frame.FormatYUYV)}},
		"depth is no picture":         {modes: []prop.Media{mode(1280, 720, 30, frame.FormatZ16)}},
		"size before rate":            {[]prop.Media{mode(1280, 720, 5, frame.FormatYUYV), mode(1280, 800, 30, frame.FormatYUYV)}, mode(1280, 720, 5, frame.FormatYUYV)},
		"rate before compression":     {[]prop.Media{mode(1280, 720, 10, frame.FormatYUYV), mode(1280, 720, 30, frame.FormatMJPEG)}, mode(1280, 720, 30, frame.FormatMJPEG)},
		"uncompressed":                {[]prop.Media{mode(1280, 720, 30, frame.FormatMJPEG), mode(1280, 720, 30, frame.FormatYUYV)}, mode(1280, 720, 30, frame.FormatYUYV)},
		"larger is as far as smaller": {[]prop.Media{mode(1920, 1080, 30, frame.FormatYUYV), mode(640, 480, 30, frame.FormatYUYV)}, mode(640, 480, 30, frame.FormatYUYV)},
		"a rate that is not known":    {[]prop.Media{mode(640, 480, 0, frame.FormatYUYV)}, mode(640, 480, 30, frame.FormatYUYV)},
	} {
		got, ok := closest(c.modes, want)
		if ok != (c.is != prop.Media{}) || got != c.is {
			t.Errorf("%s: %v, %+v", name, ok, got.Video)
		}
	}
}

// TestHalve copies pictures of each subsampling whose rows have room at their ends. Chroma
// becomes the mean of what one sample of 4:2:0 covers.
func TestHalve(t *testing.T) {
	for ratio, c := range map[image.YCbCrSubsampleRatio]struct{ across, down, want byte }{
		image.YCbCrSubsampleRatio420: {0, 0, 10},   // as it is
		image.YCbCrSubsampleRatio422: {0, 10, 15},  // of two rows
		image.YCbCrSubsampleRatio444: {10, 10, 20}, // of two by two
	} {
		whole := image.NewYCbCr(image.Rect(0, 0, 64, 32), ratio)
		fill := func(plane []byte, stride int, at func(x, y int) byte) {
			for i := range plane {
				plane[i] = at(i%stride, i/stride)
			}
		}
		fill(whole.Y, whole.YStride, func(x, y int) byte { return byte(x + 3*y) })
		fill(whole.Cb, whole.CStride, func(x, y int) byte { return 10 + byte(x%2)*c.across + byte(y%2)*c.down })
		fill(whole.Cr, whole.CStride, func(int, int) byte { return 200 })
		src := whole.SubImage(image.Rect(0, 0, 33, 17)).(*image.YCbCr) // of an odd size
		dst := image.NewYCbCr(image.Rectangle{Max: even(src.Rect.Size())}, image.YCbCrSubsampleRatio420)
		if err := halve(dst, src); err != nil {
			t.Fatal(err)
		}
		for y := range 16 {
			for x := range 32 {
				if got := dst.Y[dst.YOffset(x, y)]; got != byte(x+3*y) {
					t.Fatalf("%v: luma at %d,%d is %d", ratio, x, y, got)
				}
				if cb, cr := dst.Cb[dst.COffset(x, y)], dst.Cr[dst.COffset(x, y)]; cb != c.want || cr != 200 {
					t.Fatalf("%v: chroma at %d,%d is %d, %d, not %d, 200", ratio, x, y, cb, cr, c.want)
				}
			}
		}
	}
	odd := image.NewYCbCr(image.Rect(0, 0, 16, 16), image.YCbCrSubsampleRatio410)
	if err := halve(image.NewYCbCr(odd.Rect, image.YCbCrSubsampleRatio420), odd); !errors.Is(err, errSubsampling) {
		t.Errorf("4:1:0: %v", err)
	}
}

// TestMicrophoneThread fills blocks from periods of any length, and drops those that nobody takes.
func TestMicrophoneThread(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := &microphone{ctx: ctx, blocks: make(chan pcm.Block, 10), stopped: make(chan struct{})}
	sent := 0
	deliver := func(samples int) {
		raw := make([]byte, 0, 4*samples)
		for range samples {
			raw = binary.NativeEndian.AppendUint32(raw, math.Float32bits(float32(sent)))
			sent++
		}
		m.take(nil, raw, uint32(samples))
	}
	var block pcm.Block
	deliver(pcm.Samples / 2)
	if len(m.blocks) != 0 {
		t.Fatal("half a block is a block")
	}
	for range 3 {
		deliver(pcm.Samples - 7)
	}
	for n := range 3 {
		if err := m.Read(&block); err != nil || block[0] != float32(n*pcm.Samples) || block[pcm.Samples-1] != float32((n+1)*pcm.Samples-1) {
			t.Fatalf("block %d: %v, %v to %v", n, err, block[0], block[pcm.Samples-1])
		}
	}
	deliver(20 * pcm.Samples)
	for n := 3; n < 13; n++ { // the first ten of them
		if err := m.Read(&block); err != nil || block[0] != float32(n*pcm.Samples) {
			t.Fatalf("block %d: %v, from %v", n, err, block[0])
		}
	}
	cancel()
	if err := m.Read(&block); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	m = &microphone{ctx: t.Context(), blocks: m.blocks, stopped: m.stopped}
	m.halt()
	m.halt() // miniaudio may say so twice
	if err := m.Read(&block); !errors.Is(err, errStopped) {
		t.Errorf("of a device that was unplugged: %v", err)
	}
}

// TestWrongFiles names the file or what FFmpeg says of it, at once.
func TestWrongFiles(t *testing.T) {
	want := Format{Size: image.Pt(320, 180), FrameRate: 15}
	const text = "capture.go"
	if c, err := OpenCamera(t.Context(), text, want, false); err == nil {
		_ = c.Close()
		t.Error("a text is a picture")
	} else if errors.Is(err, io.EOF) {
		t.Errorf("a text as a camera: %v, which says nothing", err)
	}
	m, err := OpenMicrophone(t.Context(), text, false)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var block pcm.Block
	if err := m.Read(&block); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a text as a microphone: %v", err)
	}
}
