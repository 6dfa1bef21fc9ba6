package vp8_test

import (
	"bytes"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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

// recording is a webcam's, which is not in the repository.
var recording = filepath.Join("..", "..", "..", "shared", "media", "video", "asl_A_woman_480p.mkv")

// benchPictures is two seconds of a webcam where the recording is there, of the
// synthetic clip elsewhere.
func benchPictures(tb testing.TB, cfg codec.VideoConfig) []*image.YCbCr {
	tb.Helper()
	pics := make([]*image.YCbCr, 60)
	for n := range pics {
		pics[n] = codectest.Picture(cfg.Width, cfg.Height, n)
	}
	if _, err := os.Stat(recording); err != nil {
		return pics
	}
	filter := fmt.Sprintf("fps=30,scale=%[1]d:%[2]d:force_original_aspect_ratio=increase,crop=%[1]d:%[2]d", cfg.Width, cfg.Height)
	raw, err := exec.CommandContext(tb.Context(), "ffmpeg", "-v", "error", "-i", recording, "-vf", filter,
		"-frames:v", fmt.Sprint(len(pics)), "-f", "rawvideo", "-pix_fmt", "yuv420p", "-").Output()
	if err != nil {
		return pics
	}
	in := bytes.NewReader(raw)
	for _, pic := range pics {
		for _, plane := range [][]byte{pic.Y, pic.Cb, pic.Cr} {
			if _, err := io.ReadFull(in, plane); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return pics
}

// there walks n pictures to and fro, so that a loop has no cut.
func there(i, n int) int {
	if i %= 2*n - 2; i >= n {
		return 2*n - 2 - i
	}
	return i
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

// benchStream returns the access units of benchPictures.
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
		if len(au.Data) > 0 {
			aus = append(aus, bytes.Clone(au.Data))
		}
	}
	return aus
}
