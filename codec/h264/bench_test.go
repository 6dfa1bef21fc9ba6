package h264_test

import (
	"image"
	"testing"

	"tilemix/codec"
	"tilemix/codec/codectest"
)

var bench = codectest.Bench{NewEncoder: newEncoder, NewDecoder: newDecoder, Pictures: benchPictures}

func BenchmarkEncode(b *testing.B) { bench.Encode(b) }
func BenchmarkDecode(b *testing.B) { bench.Decode(b) }

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
