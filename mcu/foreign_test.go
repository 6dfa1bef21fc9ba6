package mcu_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"math"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"tilemix/codec/codectest"
	"tilemix/codec/yuv"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// TestForeignH264 sends what x264 makes, and looks at the tile: four colours, each in
// its corner.
func TestForeignH264(t *testing.T) {
	codectest.Program(t, "ffmpeg")
	const hd, small360, cropped = "640x360", "320x180", "622x350"
	for _, c := range []struct{ name, size, options, then string }{
		{name: "main", size: hd, options: "-profile:v main -bf 0"},
		{name: "high", size: hd, options: "-profile:v high -bf 0"},
		{name: "B pictures", size: hd, options: "-profile:v high -bf 3 -x264-params b-pyramid=strict:ref=4"},
		{name: "slices", size: hd, options: "-profile:v baseline -x264-params slices=6"},
		{name: "high, slices", size: hd, options: "-profile:v high -bf 2 -x264-params slices=5"},
		{name: "cropping", size: cropped, options: "-profile:v main -bf 0"},
		{name: "grows", size: small360, options: "-profile:v high -bf 0", then: hd},
		{name: "shrinks", size: hd, options: "-profile:v baseline", then: small360},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name != "main" && c.name != "shrinks" {
				poll.Alone(t) // the others differ in what the decoder does
			}
			t.Parallel()
			sizes := []string{c.size}
			if c.then != "" {
				sizes = append(sizes, c.then)
			}
			s := serve(t, small())
			actor, watcher := s.join("foreign", "X264", both), s.join("foreign", "Watch", both)
			tile := s.place(actor, watcher)[actor]
			for turn, size := range sizes {
				stop := actor.Play(foreign(t, size, c.options, turn), 30)
				watcher.VideoSink.Await("four colours at "+size, func(p rtctest.Picture) error {
					return quarters(p.Image, tile, turn)
				})
				before := s.metric("tilemix_uplink_video_total", "pictures")
				s.await("more pictures", func() bool {
					return s.metric("tilemix_uplink_video_total", "pictures") > before+40
				})
				watcher.VideoSink.Await("the colours still", func(p rtctest.Picture) error {
					return quarters(p.Image, tile, turn)
				})
				stop()
			}
			if n := s.metric("tilemix_uplink_video_total", "corrupt"); n > 0 {
				t.Errorf("the decoder lost the stream %v times", n)
			}
			checkStreams(t, watcher)
		})
	}
}

// corners are the colours of TestForeignH264, in Y, Cb, Cr.
var corners = []signal.Colour{{Y: 90, Cb: 90, Cr: 200}, {Y: 150, Cb: 70, Cr: 70}, {Y: 70, Cb: 200, Cr: 110}, {Y: 180, Cb: 128, Cr: 128}}

// quarters tells whether a tile has the colours in its corners, by so many turned on.
func quarters(img *image.YCbCr, tile image.Rectangle, turn int) error {
	var errs error
	w, h := tile.Dx(), tile.Dy()
	for i := range 3 { // the name covers what is below on the left
		at := tile.Min.Add(image.Pt(i%2*w/2+w/8, i/2*h/2+h/8))
		if i == 2 {
			at = tile.Min.Add(image.Pt(w/2+w/8, h/2+h/8))
		}
		part := image.Rectangle{Min: at, Max: at.Add(image.Pt(w/4, h/4))}
		want := corners[(i+i/2+turn)%4]
		if got := signal.Mean(img, part); got.Distance(want) > 10 {
			errs = errors.Join(errs, fmt.Errorf("corner %d is %v, not %v", i, got, want))
		}
	}
	return errs
}

// foreign returns the access units of two seconds of the corners under waves that move.
func foreign(t *testing.T, size, options string, turn int) (units [][]byte) {
	t.Helper()
	args := append([]string{
		"-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size, "-r", "30", "-i", "-",
		"-c:v", "libx264", "-preset", "veryfast", "-g", "30",
	}, strings.Fields(options)...)
	cmd := exec.CommandContext(t.Context(), "ffmpeg", append(args, "-bsf:v", "h264_metadata=aud=insert", "-f", "h264", "-")...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(waves(size, turn, 60)), &stderr
	stream, err := cmd.Output()
	if err != nil {
		t.Skipf("ffmpeg does not do it: %v %s", err, stderr.String())
	}
	for _, unit := range bytes.Split(stream, []byte{0, 0, 0, 1, 9})[1:] { // access unit delimiters
		units = append(units, append([]byte{0, 0, 0, 1, 9}, unit...))
	}
	return units
}

// waves returns n raw pictures of the corners, by so many turned on, under waves that move.
//
//go:norace
func waves(size string, turn, n int) (raw []byte) {
	var w, h int
	_, _ = fmt.Sscanf(size, "%dx%d", &w, &h)
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	for i := range 4 {
		at := image.Pt(i%2*w/2, i/2*h/2)
		quarter := yuv.View(img, image.Rectangle{Min: at, Max: at.Add(image.Pt((w+1)/2, (h+1)/2))})
		corners[(i+turn)%4].Paint(&quarter)
	}
	still := slices.Clone(img.Y)
	for k := range n {
		for y := range h {
			for x := range w {
				img.Y[y*w+x] = still[y*w+x] + uint8(int(8*math.Sin(float64(x+y)/5+float64(k)/3)))
			}
		}
		raw = append(append(append(raw, img.Y...), img.Cb...), img.Cr...)
	}
	return raw
}
