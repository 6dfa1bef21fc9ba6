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

	"tilemix/codec"
	"tilemix/codec/codectest"
)

var bench = codectest.Bench{NewEncoder: newEncoder, NewDecoder: newDecoder, Pictures: benchPictures}

func BenchmarkEncode(b *testing.B) { bench.Encode(b) }
func BenchmarkDecode(b *testing.B) { bench.Decode(b) }

// recording is a webcam's, which is not in the repository.
var recording = filepath.Join("..", "..", "..", "shared", "media", "video", "asl_A_woman_480p.mkv")

// benchPictures is two seconds of a webcam where the recording is there, of the
// synthetic clip elsewhere.
func benchPictures(tb *testing.B, cfg codec.VideoConfig) []*image.YCbCr {
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
