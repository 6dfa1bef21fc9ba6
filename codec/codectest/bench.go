package codectest

import (
	"bytes"
	"fmt"
	"image"
	"testing"
	"time"

	"tilemix/codec"
)

// Bench measures a codec by sizes: 720p, 360p and 180p at 30 pictures a second.
type Bench struct {
	NewEncoder func(codec.VideoConfig) (codec.VideoEncoder, error)
	NewDecoder func() (codec.VideoDecoder, error)
	// Pictures returns two seconds or more of a size.
	Pictures func(b *testing.B, cfg codec.VideoConfig) []*image.YCbCr
}

// Encode measures the encoder.
func (c Bench) Encode(b *testing.B) {
	c.run(b, func(b *testing.B, cfg codec.VideoConfig) {
		pics := c.Pictures(b, cfg)
		e, err := c.NewEncoder(cfg)
		if err != nil {
			b.Fatal(err)
		}
		defer e.Close()
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			if _, err := e.Encode(pics[there(n, len(pics))], time.Duration(n)*time.Second/30); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Decode measures the decoder.
func (c Bench) Decode(b *testing.B) {
	c.run(b, func(b *testing.B, cfg codec.VideoConfig) {
		units := c.encoded(b, cfg)
		d, err := c.NewDecoder()
		if err != nil {
			b.Fatal(err)
		}
		defer d.Close()
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			if _, err := d.Decode(units[n%len(units)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func (Bench) run(b *testing.B, f func(*testing.B, codec.VideoConfig)) {
	for _, cfg := range []codec.VideoConfig{
		{Width: 1280, Height: 720, FrameRate: 30, Bitrate: 1_500_000},
		{Width: 640, Height: 360, FrameRate: 30, Bitrate: 500_000},
		{Width: 320, Height: 180, FrameRate: 30, Bitrate: 150_000},
	} {
		b.Run(fmt.Sprint(cfg.Height), func(b *testing.B) { f(b, cfg) })
	}
}

// encoded returns the access units of Pictures.
func (c Bench) encoded(b *testing.B, cfg codec.VideoConfig) (units [][]byte) {
	b.Helper()
	e, err := c.NewEncoder(cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	for n, pic := range c.Pictures(b, cfg) {
		au, err := e.Encode(pic, time.Duration(n)*time.Second/30)
		if err != nil {
			b.Fatal(err)
		}
		if len(au.Data) > 0 {
			units = append(units, bytes.Clone(au.Data))
		}
	}
	return units
}

// there walks n pictures to and fro, so that a loop has no cut.
func there(i, n int) int {
	if i %= 2*n - 2; i >= n {
		return 2*n - 2 - i
	}
	return i
}
