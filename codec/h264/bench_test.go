package h264_test

import (
	"bytes"
	"fmt"
	"image"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/codectest"
)

var benchSizes = []codec.VideoConfig{
	{Width: 1280, Height: 720, FrameRate: 30, Bitrate: 1_500_000},
	{Width: 640, Height: 360, FrameRate: 30, Bitrate: 500_000},
	{Width: 320, Height: 180, FrameRate: 30, Bitrate: 150_000},
}

// benchPictures is two seconds of a webcam where the recording is there, of the
// synthetic clip elsewhere.
func benchPictures(b *testing.B, cfg codec.VideoConfig) []*image.YCbCr {
	b.Helper()
	pics := make([]*image.YCbCr, 60)
	var c *clip
	if haveClips() {
		c = openClip(b, "asl_A_woman_480p.mkv", cfg.Width, cfg.Height)
	}
	for n := range pics {
		if c != nil {
			pics[n] = c.read(b)
		} else {
			pics[n] = codectest.Picture(cfg.Width, cfg.Height, n)
		}
	}
	return pics
}

func BenchmarkEncode(b *testing.B) {
	for _, cfg := range benchSizes {
		b.Run(fmt.Sprint(cfg.Height), func(b *testing.B) {
			pics := benchPictures(b, cfg)
			e, err := newEncoder(cfg)
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
}

// there walks n pictures to and fro, so that a loop has no cut.
func there(i, n int) int {
	if i %= 2*n - 2; i >= n {
		return 2*n - 2 - i
	}
	return i
}

func BenchmarkDecode(b *testing.B) {
	for _, cfg := range benchSizes {
		b.Run(fmt.Sprint(cfg.Height), func(b *testing.B) {
			aus := benchStream(b, cfg)
			d, err := newDecoder()
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if _, err := d.Decode(aus[n%len(aus)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchStream(b *testing.B, cfg codec.VideoConfig) [][]byte {
	b.Helper()
	e, err := newEncoder(cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	var aus [][]byte
	for n, pic := range benchPictures(b, cfg) {
		au, err := e.Encode(pic, time.Duration(n)*time.Second/30)
		if err != nil {
			b.Fatal(err)
		}
		aus = append(aus, bytes.Clone(au.Data))
	}
	return aus
}
