package browsertest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// halved is a picture of twice the width and height of the one in it. Pages are looked at several
// times a second: with a quarter of the pixels that costs a busy machine little.
type halved struct{ image.Image }

func (h halved) Bounds() image.Rectangle {
	b := h.Image.Bounds()
	return image.Rect(0, 0, 2*b.Dx(), 2*b.Dy())
}

func (h halved) At(x, y int) color.Color { return h.Image.At(x/2, y/2) }

// picture takes what the page shows of the mix.
func (p *page) picture() (image.Image, error) {
	const prefix = "data:image/jpeg;base64,"
	var url string
	err := p.ask(`(() => {
		const mix = document.getElementById('mix');
		const canvas = document.createElement('canvas');
		canvas.width = mix.videoWidth / 2;
		canvas.height = mix.videoHeight / 2;
		canvas.getContext('2d').drawImage(mix, 0, 0, canvas.width, canvas.height);
		return canvas.toDataURL('image/jpeg', 0.95);
	})()`, &url)
	if err != nil {
		return nil, err
	}
	data, found := strings.CutPrefix(url, prefix)
	if !found {
		return nil, fmt.Errorf("there is no picture, but %.40q", url)
	}
	half, err := jpeg.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(data)))
	return halved{half}, err
}

// waitForPicture waits until the mix looks as it should.
func (p *page) waitForPicture(t *testing.T, what string, condition func(image.Image) (saw string, is bool)) {
	t.Helper()
	var last image.Image
	defer func() {
		if t.Failed() && last != nil {
			keep(t, p.name+".jpeg", last)
		}
	}()
	eventually(t, p.name+": "+what, func() (string, bool) {
		shown, err := p.picture()
		if err != nil {
			return err.Error(), false
		}
		last = shown
		return condition(shown)
	})
}

// keep writes a picture to where go test -artifacts keeps it.
func keep(t *testing.T, name string, m image.Image) {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, m, nil); err != nil {
		t.Log(err)
		return
	}
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name), file.Bytes(), 0o644); err != nil {
		t.Log(err)
	}
}

// camera is what can be in a tile.
type camera string

const (
	green       camera = "Chromium's fake camera"
	orange      camera = "the clip"
	placeholder camera = "the placeholder"
)

// sees says whether a pixel can be of that camera.
func (c camera) sees(r, g, b int) bool {
	switch c {
	case green:
		return g > r+60 && g > b+60
	case orange:
		return r > g+60 && g > b+30
	}
	return false
}

// shown says what a tile of the picture shows: a camera that fills more than half
// of it, or the placeholder, that is neither camera and something bright in the
// middle.
func shown(m image.Image, tile image.Rectangle) camera {
	for _, c := range []camera{green, orange} {
		if share(m, tile, c.sees) > 0.5 {
			return c
		}
	}
	middle := tile.Inset(tile.Dy() * 3 / 8)
	initials := share(m, middle, func(r, g, b int) bool { return min(r, g, b) > 200 })
	colours := share(m, tile, green.sees) + share(m, tile, orange.sees)
	if initials > 0.01 && colours < 0.2 {
		return placeholder
	}
	return ""
}

// share is how much of a rectangle has pixels of a kind, 0 to 1.
func share(m image.Image, r image.Rectangle, kind func(r, g, b int) bool) float64 {
	return part(r.Intersect(m.Bounds()), func(x, y int) bool {
		c := color.RGBAModel.Convert(m.At(x, y)).(color.RGBA)
		return kind(int(c.R), int(c.G), int(c.B))
	})
}

// moved is how much of a rectangle is plainly different in two pictures, 0 to 1.
func moved(a, b image.Image, r image.Rectangle) float64 {
	return part(r.Intersect(a.Bounds()).Intersect(b.Bounds()), func(x, y int) bool {
		p := color.GrayModel.Convert(a.At(x, y)).(color.Gray)
		q := color.GrayModel.Convert(b.At(x, y)).(color.Gray)
		return max(p.Y, q.Y)-min(p.Y, q.Y) > 40
	})
}

// part is at how many of a rectangle's pixels something is so, 0 to 1. It asks
// one in four.
func part(r image.Rectangle, so func(x, y int) bool) float64 {
	n, all := 0, 0
	for y := r.Min.Y; y < r.Max.Y; y += 2 {
		for x := r.Min.X; x < r.Max.X; x += 2 {
			all++
			if so(x, y) {
				n++
			}
		}
	}
	return float64(n) / float64(max(all, 1))
}

// waitForTile waits until somebody's tile shows something.
func (p *page) waitForTile(t *testing.T, name string, want camera) {
	t.Helper()
	p.waitForPicture(t, fmt.Sprintf("tile of %s shows %s", name, want), func(m image.Image) (string, bool) {
		s, err := p.state()
		if err != nil {
			return err.Error(), false
		}
		got := shown(m, s.tile(name))
		return fmt.Sprintf("%v at %v shows %q", m.Bounds(), s.tile(name), got), got == want
	})
}

// waitForMotion waits until something moves in somebody's tile.
func (p *page) waitForMotion(t *testing.T, name string) {
	t.Helper()
	var first image.Image
	p.waitForPicture(t, "tile of "+name+" moves", func(m image.Image) (string, bool) {
		s, err := p.state()
		if err != nil {
			return err.Error(), false
		}
		if first == nil {
			first = m
		}
		change := moved(first, m, s.tile(name))
		return fmt.Sprintf("%.4f of it changed", change), change > 0.002
	})
}

// orangeClip makes a film for Chromium's fake camera, once for all tests: orange, with a
// white bar that goes from left to right.
func orangeClip(t *testing.T) option {
	t.Helper()
	file := filepath.Join(scratch, "orange.y4m")
	clip := option{"use-file-for-fake-video-capture", file}
	if _, err := os.Stat(file); err == nil {
		return clip
	}
	film := bytes.NewBufferString("YUV4MPEG2 W640 H360 F10:1 C420jpeg\n") // as few pictures as calmDevices have, and small ones
	m := image.NewYCbCr(image.Rect(0, 0, 640, 360), image.YCbCrSubsampleRatio420)
	for i := range 20 {
		for _, plane := range []struct {
			pixels      []byte
			width       int
			orange, bar byte
		}{{m.Y, 640, 150, 235}, {m.Cb, 320, 66, 128}, {m.Cr, 320, 178, 128}} {
			for at := range plane.pixels {
				plane.pixels[at] = plane.orange
				if at%plane.width*20/plane.width == i {
					plane.pixels[at] = plane.bar
				}
			}
		}
		film.WriteString("FRAME\n")
		for _, pixels := range [][]byte{m.Y, m.Cb, m.Cr} {
			film.Write(pixels)
		}
	}
	if err := os.WriteFile(file, film.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return clip
}
