package h264_test

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tilemix/codec/codectest"
)

// ffmpeg runs a child and returns what it writes to standard output.
func ffmpeg(t *testing.T, args string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ffmpeg", append([]string{"-v", "error"}, strings.Fields(args)...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("ffmpeg does not do it: %v %s", err, stderr.String())
	}
	return out
}

const (
	foreignWidth, foreignHeight, foreignPictures = 494, 370, 40
	foreignSize                                  = foreignWidth*foreignHeight + 2*(foreignWidth/2)*(foreignHeight/2)
)

// foreign returns what x264 makes of a test picture, and ffmpeg of that.
func foreign(t *testing.T, options string) (aus [][]byte, want []byte) {
	t.Helper()
	codectest.Program(t, "ffmpeg")
	file := filepath.Join(t.TempDir(), "a.264")
	ffmpeg(t, fmt.Sprintf("-f lavfi -i testsrc2=size=%dx%d:rate=30 -frames:v %d -pix_fmt yuv420p -c:v libx264 -preset veryfast %s %s",
		foreignWidth, foreignHeight, foreignPictures, options, file))
	stream, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return accessUnits(stream), ffmpeg(t, "-i "+file+" -f rawvideo -pix_fmt yuv420p -fps_mode passthrough -")
}

// TestForeignStreams decodes profiles that are not our encoder's and expects
// ffmpeg's pixels.
func TestForeignStreams(t *testing.T) {
	for _, test := range []struct {
		name, options string
		late          int // pictures that the library keeps
	}{
		{"baseline, slices", "-profile:v baseline -x264-params slices=4:keyint=15", 0},
		{"main", "-profile:v main -bf 0", 0},
		{"high", "-profile:v high -bf 0 -tune zerolatency", 0},
		{"high, slices and references", "-profile:v high -bf 0 -x264-params slices=3:ref=4", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			aus, want := foreign(t, test.options)
			got := decodeAll(t, aus)
			if late := (len(want) - len(got)) / foreignSize; late != test.late {
				t.Errorf("%d pictures are missing, want %d", late, test.late)
			}
			if !bytes.HasPrefix(want, got) {
				t.Error("pixels differ")
			}
		})
	}
}

// TestForeignBPictures expects pictures that look right. OpenH264 does not decode
// B pictures to the last bit (40 to 50 dB), and may put one out of order where
// a group of pictures ends.
func TestForeignBPictures(t *testing.T) {
	for name, options := range map[string]string{
		"main":            "-profile:v main -bf 2 -g 15",
		"high, B pyramid": "-profile:v high -bf 3 -x264-params b-pyramid=strict:keyint=20",
		"high, slices":    "-profile:v high -bf 2 -x264-params slices=3:ref=4",
	} {
		t.Run(name, func(t *testing.T) {
			aus, want := foreign(t, options)
			got := decodeAll(t, aus)
			if late := (len(want) - len(got)) / foreignSize; late > 3 {
				t.Errorf("%d pictures are missing", late)
			}
			var worse []string
			for at := 0; at < len(got); at += foreignSize {
				if psnr := codectest.PSNR(i420(got[at:]), i420(want[at:])); psnr < 35 {
					worse = append(worse, fmt.Sprintf("%d: %.0f dB", at/foreignSize, psnr))
				}
			}
			if len(worse) > foreignPictures/10 {
				t.Errorf("pictures that look wrong: %v", worse)
			}
		})
	}
}

// TestMonochrome decodes pictures without chroma: they are grey, as large as their set says, and
// have ffmpeg's luma. 494x370 is cropped on two sides, and 64x64 is not.
func TestMonochrome(t *testing.T) {
	codectest.Program(t, "ffmpeg")
	for _, size := range []image.Point{{494, 370}, {64, 64}} {
		file := filepath.Join(t.TempDir(), "grey.264")
		ffmpeg(t, fmt.Sprintf("-f lavfi -i testsrc2=size=%dx%d:rate=30 -frames:v 12 -pix_fmt gray -c:v libx264 -preset veryfast -profile:v high -bf 0 -tune zerolatency %s",
			size.X, size.Y, file))
		stream, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := ffmpeg(t, "-i "+file+" -f rawvideo -pix_fmt gray -fps_mode passthrough -")
		d, err := newDecoder()
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for n, au := range accessUnits(stream) {
			pic, err := d.Decode(au)
			if err != nil || pic == nil || pic.Rect.Size() != size {
				t.Fatalf("%v, access unit %d: picture %v, error %v", size, n, pic, err)
			}
			var out bytes.Buffer
			writeI420(&out, pic)
			luma, chroma := out.Bytes()[:size.X*size.Y], out.Bytes()[size.X*size.Y:]
			if !bytes.Equal(luma, want[n*size.X*size.Y:][:size.X*size.Y]) {
				t.Errorf("%v, access unit %d: the luma differs", size, n)
			}
			if grey := bytes.Count(chroma, []byte{128}); grey != len(chroma) {
				t.Errorf("%v, access unit %d: %d of %d samples of chroma are grey", size, n, grey, len(chroma))
			}
		}
	}
}

// i420 is the picture at the start of raw video.
func i420(b []byte) *image.YCbCr {
	const luma, chroma = foreignWidth * foreignHeight, (foreignWidth / 2) * (foreignHeight / 2)
	return &image.YCbCr{
		Y: b[:luma], Cb: b[luma:][:chroma], Cr: b[luma+chroma:][:chroma],
		YStride: foreignWidth, CStride: foreignWidth / 2,
		SubsampleRatio: image.YCbCrSubsampleRatio420,
		Rect:           image.Rect(0, 0, foreignWidth, foreignHeight),
	}
}

// TestInterlaced is what the library cannot do; it must say so.
func TestInterlaced(t *testing.T) {
	codectest.Program(t, "ffmpeg")
	stream := ffmpeg(t, "-f lavfi -i testsrc2=size=320x240:rate=30 -frames:v 10 -pix_fmt yuv420p -c:v libx264 -flags +ildct+ilme -x264-params tff=1 -f h264 -")
	d, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for n, au := range accessUnits(stream) {
		pic, err := d.Decode(au)
		corruptOrFine(t, err)
		if pic != nil || err == nil {
			t.Errorf("access unit %d: picture %v, error %v", n, pic != nil, err)
		}
	}
}

// decodeAll returns the visible pixels of all pictures, as I420.
func decodeAll(t *testing.T, aus [][]byte) []byte {
	t.Helper()
	d, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var out bytes.Buffer
	for n, au := range aus {
		pic, err := d.Decode(au)
		if err != nil {
			t.Fatalf("access unit %d: %v", n, err)
		}
		if pic != nil {
			writeI420(&out, pic)
		}
	}
	return out.Bytes()
}
