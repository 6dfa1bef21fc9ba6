package libav_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/codec/h264/libav"
	"tilemix/codec/limit"
)

func TestMain(m *testing.M) {
	if err := h264.Open(""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := libav.Open(); err != nil { // a machine without FFmpeg has none
		fmt.Fprintln(os.Stderr, err)
		return
	}
	os.Exit(m.Run())
}

func newDecoder(t *testing.T) *libav.Decoder {
	t.Helper()
	d, err := libav.NewDecoder(limit.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestConformance(t *testing.T) {
	t.Logf("libavcodec %s", libav.Version())
	codectest.Video(t, codectest.VideoCodec{
		NewEncoder:   func(cfg codec.VideoConfig) (codec.VideoEncoder, error) { return h264.NewEncoder(cfg) },
		NewDecoder:   func() (codec.VideoDecoder, error) { return libav.NewDecoder(limit.Limits{}) },
		EncodeAllocs: 2,
	})
}

const width, height, pictures = 494, 372, 30

// film returns the access units that x264 makes of a test picture, and what FFmpeg decodes of them, in 8 bits
// and 4:2:0.
func film(t *testing.T, options string) (units [][]byte, want []*image.YCbCr) {
	t.Helper()
	codectest.Program(t, "ffmpeg")
	file := filepath.Join(t.TempDir(), "a.264")
	run(t, fmt.Sprintf("-f lavfi -i testsrc2=size=%dx%d:rate=30 -frames:v %d -c:v libx264 -preset veryfast -x264-params aud=1:keyint=15:%s %s",
		width, height, pictures, options, file))
	stream, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	delimiter := []byte{0, 0, 0, 1, 9}
	for _, au := range bytes.Split(stream, delimiter)[1:] {
		units = append(units, slices.Concat(delimiter, au))
	}
	raw := run(t, "-i "+file+" -f rawvideo -pix_fmt yuv420p -fps_mode passthrough -")
	const luma, chroma = width * height, width / 2 * height / 2
	for len(raw) >= luma+2*chroma {
		img := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
		copy(img.Y, raw)
		copy(img.Cb, raw[luma:])
		copy(img.Cr, raw[luma+chroma:])
		want, raw = append(want, img), raw[luma+2*chroma:]
	}
	return units, want
}

func run(t *testing.T, args string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ffmpeg", append([]string{"-v", "error"}, strings.Fields(args)...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffmpeg: %v %s", err, said.String())
	}
	return out
}

// TestStreams decodes what OpenH264 decodes late, not exactly or not at all. Each picture comes with its access unit,
// but for B pictures, which keep others waiting.
func TestStreams(t *testing.T) {
	for _, c := range []struct {
		name, options string
		late          int // pictures that come later than their access unit
		psnr          float64
	}{
		{"main", "bframes=0 -pix_fmt yuv420p -profile:v main", 0, 99},
		{"high", "bframes=0:ref=4 -pix_fmt yuv420p -profile:v high", 0, 99},
		{"B pictures", "bframes=2:b-adapt=0 -pix_fmt yuv420p -profile:v high", 2, 99},
		{"interlaced", "bframes=0:interlaced=1 -pix_fmt yuv420p", 0, 99},
		{"10 bits", "bframes=0 -pix_fmt yuv420p10le", 0, 45},
		{"4:2:2", "bframes=0 -pix_fmt yuv422p", 0, 38},
		{"4:4:4 with 10 bits", "bframes=0 -pix_fmt yuv444p10le", 0, 38},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			units, want := film(t, c.options)
			d, shown := newDecoder(t), 0
			for n, au := range units {
				img, err := d.Decode(au)
				if err != nil {
					t.Fatalf("access unit %d: %v", n, err)
				}
				if img == nil {
					continue
				}
				if psnr := codectest.PSNR(img, want[shown]); psnr < c.psnr {
					t.Fatalf("picture %d has %.1f dB, less than %v", shown, psnr, c.psnr)
				}
				shown++
			}
			if shown == 0 || len(want)-shown > c.late {
				t.Errorf("%d of %d pictures came, want all but %d", shown, len(want), c.late)
			}
		})
	}
}

// TestLimits: pictures that are too large, and memory that is not there, are refused before the library has them.
func TestLimits(t *testing.T) {
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: 320, Height: 192, FrameRate: 30, Bitrate: 300_000})
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	au, err := enc.Encode(codectest.Picture(320, 192, 0), 0)
	if err != nil {
		t.Fatal(err)
	}
	memory := limit.NewMemory(1 << 20)
	for want, l := range map[error]limit.Limits{
		nil:               {Pixels: 320 * 192, Memory: memory},
		limit.ErrTooLarge: {Pixels: 320*192 - 1},
		limit.ErrNoMemory: {Memory: limit.NewMemory(1000)},
	} {
		d, err := libav.NewDecoder(l)
		if err != nil {
			t.Fatal(err)
		}
		if img, err := d.Decode(au.Data); !errors.Is(err, want) || (img == nil) != (err != nil) {
			t.Errorf("%+v: %v, not %v", l, err, want)
		}
		if want == nil && memory.Held() == 0 {
			t.Error("it holds no memory")
		}
		if err := errors.Join(d.Close(), d.Close()); err != nil {
			t.Error(err)
		}
		if _, err := d.Decode(au.Data); !errors.Is(err, codec.ErrClosed) {
			t.Errorf("after its end it is %v", err)
		}
	}
	if memory.Held() != 0 {
		t.Errorf("%d bytes are left", memory.Held())
	}
}

// TestLostSlice takes each slice in turn out of an access unit. The decoder refuses it and what follows, up to the
// next IDR, and shows nothing that it made up.
func TestLostSlice(t *testing.T) {
	units, want := film(t, "bframes=0:slices=4 -pix_fmt yuv420p")
	const bad, idr = 5, 15
	var slices int
	for nal := range h264.NALs(units[bad]) {
		if kind := nal[0] & 31; kind == 1 {
			slices++
		}
	}
	if slices != 4 {
		t.Fatalf("an access unit has %d slices", slices)
	}
	for lost := range slices {
		var au []byte
		at := 0
		for nal := range h264.NALs(units[bad]) {
			if nal[0]&31 == 1 {
				if at++; at-1 == lost {
					continue
				}
			}
			au = append(append(au, 0, 0, 0, 1), nal...)
		}
		d := newDecoder(t)
		for n, unit := range units[:idr+2] {
			if n == bad {
				unit = au
			}
			img, err := d.Decode(unit)
			switch refused := n >= bad && n < idr; {
			case refused && (img != nil || !errors.Is(err, codec.ErrCorrupt)):
				t.Fatalf("without slice %d, access unit %d: %v", lost, n, err)
			case !refused && (err != nil || codectest.PSNR(img, want[n]) < 99):
				t.Fatalf("without slice %d, access unit %d is another picture: %v", lost, n, err)
			}
		}
	}
}
