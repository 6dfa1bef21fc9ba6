package bench

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"os/exec"
	"sync"

	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/mcu/rtc/rtctest/barcode"
	"tilemix/mcu/uplink"
)

const (
	frameRate = 30
	filmed    = 180 // pictures of a clip, 6 s
	keyEvery  = 60  // pictures from IDR to IDR
)

var filmSize = image.Pt(1280, 720)

// full is what a camera sends that is asked for nothing, with what browsers spend on
// it. No camera sends more.
var full = uplink.Constraints{Size: filmSize, FrameRate: frameRate, Bitrate: 1_500_000}

// film is a clip in all that has been wished for. It is safe for concurrent use.
type film struct {
	clip *bot.Clip

	mu       sync.Mutex // guards what follows; who has it may be encoding
	variants map[uplink.Constraints]*bot.Variant
	units    map[*bot.Variant][][]byte // access units, for the floor
	later    int                       // wishes that were not known beforehand
	failed   error
}

// newFilm encodes pictures as they are wished for, and in full, with their numbers
// painted in. next draws a picture of filmSize, in place.
func newFilm(next func(img *image.YCbCr, n int) error, wishes []uplink.Constraints) (*film, error) {
	f := &film{
		clip:     &bot.Clip{FrameRate: frameRate},
		variants: map[uplink.Constraints]*bot.Variant{}, units: map[*bot.Variant][][]byte{},
	}
	f.clip.Wished = f.wished
	for n := range filmed {
		f.clip.Keys = append(f.clip.Keys, n%keyEvery == 0)
	}
	takes, err := f.takes(append([]uplink.Constraints{full}, wishes...))
	defer closeAll(takes)
	if err != nil {
		return nil, err
	}
	img := image.NewYCbCr(image.Rectangle{Max: filmSize}, image.YCbCrSubsampleRatio420)
	for n := range filmed {
		if err := next(img, n); err != nil {
			return nil, fmt.Errorf("picture %d of the clip: %w", n, err)
		}
		barcode.Paint(img, n)
		for _, t := range takes {
			if err := t.add(img, n); err != nil {
				return nil, fmt.Errorf("picture %d of the clip: %w", n, err)
			}
		}
	}
	f.keep(takes)
	f.clip.Full = f.variants[full]
	return f, nil
}

// wished returns what a camera sends that is asked for a wish. What was not known
// beforehand is made now, of the full pictures.
func (f *film) wished(w uplink.Constraints) *bot.Variant {
	f.mu.Lock()
	defer f.mu.Unlock()
	w = camera(w)
	if f.variants[w] == nil {
		f.later++
		if err := f.again(w); err != nil {
			f.failed = err
			f.variants[w] = f.clip.Full
		}
	}
	return f.variants[w]
}

// surprises returns how many wishes were not known beforehand.
func (f *film) surprises() (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.later, f.failed
}

// again encodes the full pictures as wished.
func (f *film) again(w uplink.Constraints) error {
	takes, err := f.takes([]uplink.Constraints{w})
	defer closeAll(takes)
	if err != nil {
		return err
	}
	dec, err := h264.NewDecoder(limit.Limits{})
	if err != nil {
		return err
	}
	defer dec.Close()
	for n, unit := range f.units[f.clip.Full] {
		img, err := dec.Decode(unit)
		if err != nil {
			return err
		}
		if err := takes[0].add(img, n); err != nil {
			return err
		}
	}
	f.keep(takes)
	return nil
}

func (f *film) keep(takes []*take) {
	for _, t := range takes {
		f.variants[t.wish], f.units[t.variant] = t.variant, t.units
	}
}

// camera returns what a camera makes of a wish, as browsers do: an even size that looks like the
// film and covers what is wished, at most what it has, and every picture, every second and so on.
func camera(w uplink.Constraints) uplink.Constraints {
	scale := 1.0
	if w.Size.X > 0 || w.Size.Y > 0 {
		scale = min(scale, max(float64(w.Size.X)/float64(filmSize.X), float64(w.Size.Y)/float64(filmSize.Y)))
	}
	size := image.Pt(even(float64(filmSize.X)*scale), even(float64(filmSize.Y)*scale))
	const alike = 4 // tiles are not quite of the film's shape
	if d := w.Size.Sub(size); max(d.X, -d.X, d.Y, -d.Y) <= alike {
		size = image.Pt(w.Size.X&^1, w.Size.Y&^1)
	}
	every := 1
	for w.FrameRate > 0 && every < keyEvery && (frameRate > w.FrameRate*every || keyEvery%every != 0) {
		every++
	}
	bitrate := full.Bitrate
	if w.Bitrate > 0 {
		bitrate = min(bitrate, max(w.Bitrate, 20_000))
	}
	return uplink.Constraints{Size: size, FrameRate: max(1, frameRate/every), Bitrate: bitrate}
}

// even is the even number under a length that a picture of it has at least.
func even(length float64) int { return max(16, int(length+0.5)&^1) }

// recorded reads pictures of a video file.
func recorded(ctx context.Context, file string) (next func(*image.YCbCr, int) error, end func(), err error) {
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-nostdin", "-stream_loop", "-1", "-i", file, "-an",
		"-vf", fmt.Sprintf("scale=%d:%d:force_original_aspect_ratio=increase,crop=%d:%d,fps=%d",
			filmSize.X, filmSize.Y, filmSize.X, filmSize.Y, frameRate),
		"-frames:v", fmt.Sprint(filmed), "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", file, err)
	}
	next = func(img *image.YCbCr, _ int) error {
		for _, plane := range [][]byte{img.Y, img.Cb, img.Cr} { // a new picture has no padding
			if _, err := io.ReadFull(out, plane); err != nil {
				_ = cmd.Wait() // so that all has been said
				return fmt.Errorf("read %s: %w: %s", file, err, bytes.TrimSpace(said.Bytes()))
			}
		}
		return nil
	}
	return next, func() {
		_ = out.Close()
		_ = cmd.Wait()
	}, nil
}

// scenery draws a picture that is as hard to encode as a webcam's: somebody who
// moves before a textured wall, and the noise of a cheap sensor.
func scenery() func(img *image.YCbCr, n int) error {
	chance := rand.New(rand.NewPCG(1, 2))
	noise := make([]uint8, 1<<16)
	for i := range noise {
		noise[i] = uint8(chance.IntN(5))
	}
	return func(img *image.YCbCr, n int) error {
		w, h := img.Rect.Dx(), img.Rect.Dy()
		cx := w/2 + triangle(n*5, w/8) - w/16
		cy := h/2 + triangle(n*3, h/10) - h/20
		start := n * 7919
		for y := range h {
			row := img.Y[y*img.YStride:][:w]
			for x := range row {
				v := 90 + (x*40/w+y*30/h)&0x3f + (x^y)>>3&7
				dx, dy := (x-cx)*4/3, y-cy
				if d := dx*dx + dy*dy; d < h*h/9 {
					v = 150 + (dx>>2^dy>>2)&15 - d*60/(h*h)
				}
				row[x] = uint8(v) + noise[(start+y*w+x)*31&0xffff]
			}
		}
		for i := range img.Cb {
			img.Cb[i], img.Cr[i] = 120, 136
		}
		return nil
	}
}

// triangle goes to and fro between 0 and size.
func triangle(n, size int) int {
	n %= 2 * size
	return min(n, 2*size-n)
}
