package h264_test

import (
	"errors"
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

// media is the folder of recordings that others made; it is not in the
// repository.
var media = filepath.Join("..", "..", "..", "shared", "media")

// needMedia returns a file's path or skips.
func needMedia(t testing.TB, name ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{media}, name...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("recording is absent: %v", err)
	}
	return path
}

// clip is a recording as raw pictures, from an ffmpeg child.
type clip struct {
	size image.Point
	out  io.Reader
}

// haveClips says that openClip does not skip.
func haveClips() bool {
	_, noFFmpeg := exec.LookPath("ffmpeg")
	_, noMedia := os.Stat(filepath.Join(media, "video"))
	return noFFmpeg == nil && noMedia == nil
}

func openClip(t testing.TB, name string, w, h int) *clip {
	t.Helper()
	path := needMedia(t, "video", name)
	codectest.Program(t, "ffmpeg")
	filter := fmt.Sprintf("fps=30,scale=%[1]d:%[2]d:force_original_aspect_ratio=increase,crop=%[1]d:%[2]d", w, h)
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-stream_loop", "-1", "-i", path,
		"-vf", filter, "-frames:v", "330", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		out.Close()
		// The pipe is closed before the clip ends, which ffmpeg calls an error.
		_ = cmd.Wait()
	})
	return &clip{size: image.Pt(w, h), out: out}
}

// read returns the next picture.
func (c *clip) read(t testing.TB) *image.YCbCr {
	t.Helper()
	img := image.NewYCbCr(image.Rectangle{Max: c.size}, image.YCbCrSubsampleRatio420)
	for _, plane := range [][]byte{img.Y, img.Cb, img.Cr} {
		if _, err := io.ReadFull(c.out, plane); err != nil {
			t.Fatalf("read clip: %v", err)
		}
	}
	return img
}

func TestBitrateOfNaturalVideo(t *testing.T) {
	for _, test := range []struct {
		clip          string
		w, h, bitrate int
	}{
		{"asl_A_woman_480p.mkv", 1280, 720, 1_500_000},
		{"asl_B_man_hoodie_480p.mkv", 640, 360, 500_000},
		{"asl_C_man_grey_480p.mkv", 320, 180, 150_000},
	} {
		t.Run(fmt.Sprint(test.clip, " ", test.h), func(t *testing.T) {
			c := openClip(t, test.clip, test.w, test.h)
			cfg := codec.VideoConfig{Width: test.w, Height: test.h, FrameRate: 30, Bitrate: test.bitrate}
			wantBitrate(t, cfg, func(int) *image.YCbCr { return c.read(t) })
		})
	}
}

func TestBitrateOfSyntheticVideo(t *testing.T) {
	cfg := codec.VideoConfig{Width: 640, Height: 360, FrameRate: 30, Bitrate: 700_000}
	wantBitrate(t, cfg, func(n int) *image.YCbCr { return codectest.Picture(640, 360, n) })
}

// wantBitrate encodes 10 s, which must take the bitrate within 10 %, give one
// key frame, and still look like the source.
func wantBitrate(t *testing.T, cfg codec.VideoConfig, picture func(n int) *image.YCbCr) {
	t.Helper()
	e, err := newEncoder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	d, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	bits, worst := 0, 100.0
	for n := range 300 {
		img := picture(n)
		au, err := e.Encode(img, time.Duration(n)*time.Second/30)
		if err != nil {
			t.Fatal(err)
		}
		if au.Key != (n == 0) {
			t.Fatalf("picture %d: key is %v", n, au.Key)
		}
		bits += 8 * len(au.Data)
		pic, err := d.Decode(au.Data)
		if err != nil {
			t.Fatal(err)
		}
		if n%10 == 9 {
			worst = min(worst, codectest.PSNR(pic, img))
		}
	}
	t.Logf("%d bits/s, worst of 30 pictures %.1f dB", bits/10, worst)
	if got := bits / 10; got < cfg.Bitrate*9/10 || got > cfg.Bitrate*11/10 {
		t.Errorf("%d bits/s, want %d", got, cfg.Bitrate)
	}
	if worst < 28 {
		t.Errorf("a picture has only %.1f dB", worst)
	}
}

// corruptOrFine fails for any error that is not codec.ErrCorrupt.
func corruptOrFine(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, codec.ErrCorrupt) {
		t.Fatalf("decode: %v", err)
	}
}
