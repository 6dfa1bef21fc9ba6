package worker_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tilemix/codec"
	"tilemix/codec/h264/libav"
	"tilemix/codec/yuv"
	"tilemix/mcu/fit"
	"tilemix/mcu/worker"
)

// between stands between two access units of a fuzzed stream, so that the fuzzer can move their ends.
var between = []byte("\xffAU\xff")

// streams are what other encoders make of every tool of H.264, by arguments of FFmpeg, and of VP8.
var streams = map[string]string{
	"cabac":      "-c:v libx264 -profile:v high -bf 2 -refs 4 -x264-params weightp=2:8x8dct=1",
	"slices":     "-c:v libx264 -profile:v main -bf 0 -x264-params slices=4:cabac=0",
	"interlaced": "-c:v libx264 -profile:v high -flags +ildct+ilme",
	"intra":      "-c:v libx264 -profile:v baseline -x264-params keyint=1:slice-max-size=200",
	"vp8":        "-c:v libvpx -deadline realtime -error-resilient 1",
	"vp8-parts":  "-c:v libvpx -deadline realtime -slices 4 -auto-alt-ref 1 -lag-in-frames 4",
}

// rare is H.264 that OpenH264 does not decode.
var rare = map[string]string{
	"frames of many threads": "-c:v libx264 -profile:v high -bf 3 -refs 5 -x264-params weightp=2:b-pyramid=normal:slices=3",
	"interlaced":             "-c:v libx264 -profile:v high -flags +ildct+ilme -bf 2",
	"ten bits":               "-c:v libx264 -profile:v high10 -pix_fmt yuv420p10le",
	"4:2:2":                  "-c:v libx264 -profile:v high422 -pix_fmt yuv422p -flags +ildct+ilme",
	"4:4:4":                  "-c:v libx264 -profile:v high444 -pix_fmt yuv444p -qp 0",
	"monochrome":             "-c:v libx264 -profile:v high -pix_fmt gray",
}

// FuzzWorker decodes streams in a real worker, with its sandbox. No stream may end it: neither by a fault
// of a codec, nor by a system call that the sandbox does not know, nor by taking forever.
func FuzzWorker(f *testing.F) {
	f.Add(false, bytes.Join(film(f, 64, 48, 6), between))
	f.Add(false, []byte("!crash")) // orders are for other tests
	for name, arguments := range streams {
		units, err := encoded(f.TempDir(), arguments)
		if err != nil {
			f.Logf("%s is left out: %v", name, err)
			continue
		}
		f.Add(strings.HasPrefix(name, "vp8"), bytes.Join(units, between))
	}
	fuzz(f, obedient)
}

// FuzzLibavcodec is FuzzWorker for workers that decode H.264 by libavcodec. Most of what it reads OpenH264
// does not.
func FuzzLibavcodec(f *testing.F) {
	if err := libav.Open(); err != nil {
		f.Skip(err)
	}
	f.Add(false, bytes.Join(film(f, 64, 48, 6), between))
	for name, arguments := range rare {
		units, err := encoded(f.TempDir(), arguments)
		if err != nil {
			f.Logf("%s is left out: %v", name, err)
			continue
		}
		f.Add(false, bytes.Join(units, between))
	}
	fuzz(f, byLibavcodec)
}

// fuzz decodes what the fuzzer makes in workers of a kind.
func fuzz(f *testing.F, by string) {
	p := pool(f, func(c *worker.Config) { c.Args = []string{"tilemix", asWorker, by} })
	frames := yuv.NewPool(fit.Most)
	crew := p.NewCrew()
	f.Fuzz(func(t *testing.T, vp8 bool, stream []byte) {
		kind := codec.H264
		if vp8 {
			kind = codec.VP8
		}
		d := crew.NewDecoder(kind)
		defer d.Close()
		for au := range bytes.SplitSeq(stream, between) {
			pic, err := d.DecodeTiles(au, fit.Wanted{Tiles: [fit.Most]image.Point{{X: 32, Y: 24}, {X: 98, Y: 60}}}, frames)
			pic.Frame.Release()
			if errors.Is(err, worker.ErrRestarted) {
				t.Fatalf("the worker has ended: %+v", p.Stats())
			}
		}
	})
}

// encoded returns the access units that FFmpeg makes of a small moving picture.
func encoded(dir, arguments string) (units [][]byte, err error) {
	vp8 := strings.Contains(arguments, "libvpx")
	name := filepath.Join(dir, "stream.h264")
	if vp8 {
		name = filepath.Join(dir, "stream.ivf")
	}
	all := fmt.Sprintf("-v error -f lavfi -i testsrc2=size=80x64:rate=10:duration=0.8 -pix_fmt yuv420p %s -y %s", arguments, name)
	if out, err := exec.Command("ffmpeg", strings.Fields(all)...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if !vp8 {
		return accessUnits(data), nil
	}
	for data = data[32:]; len(data) > 12; { // IVF: a header, and one of each frame
		n := 12 + int(data[0]) + int(data[1])<<8
		units = append(units, data[12:n])
		data = data[n:]
	}
	return units, nil
}

// accessUnits cuts Annex B before each NAL unit that begins a picture (H.264 §7.4.1.2.4).
func accessUnits(data []byte) (units [][]byte) {
	start, seen := 0, false
	for i := 0; i+4 < len(data); i++ {
		if !bytes.Equal(data[i:i+3], []byte{0, 0, 1}) {
			continue
		}
		kind := data[i+3] & 0x1f
		first := (kind == 1 || kind == 5) && data[i+4]&0x80 != 0 // first_mb_in_slice is 0
		if seen && (first || kind >= 6 && kind <= 9) {
			units, start, seen = append(units, data[start:i]), i, false
		}
		seen = seen || first
	}
	return append(units, data[start:])
}
