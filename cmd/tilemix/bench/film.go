package bench

import (
	"context"
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"os/exec"
	"time"

	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/yuv"
	"tilemix/mcu/barcode"
	"tilemix/mcu/rtc/bot"
)

const (
	frameRate = 30
	filmed    = 180 // pictures of a clip, 6 s
	keyEvery  = 60  // pictures from IDR to IDR
)

var filmSize = image.Pt(1280, 720)

// sizes are what a camera sends, largest first, with what browsers spend on them.
var sizes = []struct {
	image.Point
	bitrate int
}{
	{image.Pt(1280, 720), 1_500_000},
	{image.Pt(848, 480), 800_000},
	{image.Pt(640, 360), 500_000},
	{image.Pt(406, 228), 240_000},
	{image.Pt(320, 180), 150_000},
	{image.Pt(238, 134), 100_000},
	{image.Pt(160, 90), 60_000},
}

// film is a clip and its access units, for the floor.
type film struct {
	clip  *bot.Clip
	units [][][]byte // of each size
}

// newFilm encodes pictures in all sizes, with their numbers painted in. next draws
// a picture of filmSize, in place.
func newFilm(next func(img *image.YCbCr, n int) error) (*film, error) {
	f := &film{clip: &bot.Clip{FrameRate: frameRate}, units: make([][][]byte, len(sizes))}
	encoders := make([]*h264.Encoder, len(sizes))
	scaled := make([]*image.YCbCr, len(sizes))
	for i, s := range sizes {
		enc, err := h264.NewEncoder(codec.VideoConfig{Width: s.X, Height: s.Y, FrameRate: frameRate, Bitrate: s.bitrate})
		if err != nil {
			return nil, err
		}
		defer enc.Close()
		encoders[i] = enc
		scaled[i] = image.NewYCbCr(image.Rectangle{Max: s.Point}, image.YCbCrSubsampleRatio420)
		f.clip.Sizes = append(f.clip.Sizes, bot.Variant{Size: s.Point, Bitrate: s.bitrate})
	}
	img := image.NewYCbCr(image.Rectangle{Max: filmSize}, image.YCbCrSubsampleRatio420)
	for n := range filmed {
		if err := next(img, n); err != nil {
			return nil, fmt.Errorf("picture %d of the clip: %w", n, err)
		}
		barcode.Paint(img, n)
		f.clip.Keys = append(f.clip.Keys, n%keyEvery == 0)
		for i, enc := range encoders {
			yuv.Scale(scaled[i], img)
			if n%keyEvery == 0 {
				enc.ForceKeyFrame()
			}
			au, err := enc.Encode(scaled[i], time.Duration(n)*time.Second/frameRate)
			if err != nil {
				return nil, fmt.Errorf("picture %d of the clip: %w", n, err)
			}
			f.units[i] = append(f.units[i], append([]byte(nil), au.Data...))
			f.clip.Sizes[i].Pictures = append(f.clip.Sizes[i].Pictures, bot.Packetize(au.Data))
		}
	}
	return f, nil
}

// recorded reads pictures of a video file.
func recorded(ctx context.Context, file string) (next func(*image.YCbCr, int) error, end func(), err error) {
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-nostdin", "-stream_loop", "-1", "-i", file, "-an",
		"-vf", fmt.Sprintf("scale=%d:%d:force_original_aspect_ratio=increase,crop=%d:%d,fps=%d",
			filmSize.X, filmSize.Y, filmSize.X, filmSize.Y, frameRate),
		"-frames:v", fmt.Sprint(filmed), "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
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
				return fmt.Errorf("read %s: %w", file, err)
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
