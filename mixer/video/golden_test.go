package video_test

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"tilemix/mixer/layout"
	"tilemix/mixer/video"
)

var update = flag.Bool("update", false, "write the golden pictures anew")

var canvas = image.Pt(1280, 720)

var names = [...]string{
	"Ada Lovelace", "Grace Hopper", "Дмитрий Менделеев", "Σωκράτης", "Björk", "Zoë Åkesson", "Łukasz Żak",
	"Alan Turing", "Hedy Lamarr", "Katherine Johnson", "Linus", "Radia Perlman", "Dennis Ritchie",
}

// TestGolden draws whole scenes and compares each block of 16×16 pixels with a
// picture that somebody has looked at.
func TestGolden(t *testing.T) {
	scenes := map[string][]video.Tile{
		"speaker-8": call(layout.Speaker, 8),
		"long-names": call(layout.Grid, 9, func(i int, t *video.Tile) {
			t.Name = longNames[i]
			t.Muted = i%3 == 1
		}),
		"camera-off": call(layout.Grid, 16, func(i int, t *video.Tile) {
			t.Picture, t.Muted, t.Speaking = nil, i%3 == 1, i == 6
			switch i {
			case 13:
				t.Name = ""
			case 14:
				t.Name = "🎉"
			case 15:
				t.Name = "(the) 4th floor"
			}
		}),
		"camera-off-alone": call(layout.Grid, 1, func(_ int, t *video.Tile) { t.Picture = nil }),
		"speaking": call(layout.Grid, 4, func(i int, t *video.Tile) {
			t.Speaking = i != 2
			t.Muted = i == 2
		}),
		"speaking-alone": call(layout.Grid, 1, func(_ int, t *video.Tile) { t.Speaking, t.Muted = true, true }),
		"boxed": call(layout.Grid, 5, func(i int, t *video.Tile) {
			size := []image.Point{{720, 1280}, {2560, 1080}, {640, 480}, {494, 370}, {352, 288}}[i]
			t.Picture = portrait(i, image.Rectangle{Max: size})
			t.Speaking, t.Muted = i == 0, i == 1
		}),
		"small-canvas": shrunk(call(layout.Grid, 9)),
		"hidden": call(layout.Grid, 25, func(i int, t *video.Tile) {
			t.Speaking = i >= 23
			if i == 24 {
				t.Hidden = 75
			}
		}),
		"bad-lines":       call(layout.Grid, 9, badLine),
		"bad-lines-small": call(layout.Grid, 25, badLine),
		"lost-alone":      call(layout.Grid, 1, func(_ int, t *video.Tile) { t.Status = video.Disconnected }),
		"hidden-speaker": call(layout.Speaker, 8, func(i int, t *video.Tile) {
			t.Name, t.Muted = longNames[i], true
			if i == 7 {
				t.Hidden = 1234
			}
		}),
	}
	for _, n := range []int{1, 2, 3, 5, 9, 16, 25} {
		scenes[fmt.Sprintf("grid-%02d", n)] = call(layout.Grid, n)
	}
	for name, tiles := range scenes {
		t.Run(name, func(t *testing.T) {
			c := newCompositor(t)
			c.Compose(tiles)
			compare(t, name, toRGB(c.Canvas()))
		})
	}
}

// badLine gives each a line of another kind, with a picture and without, muted and not.
func badLine(i int, t *video.Tile) {
	t.Status = video.Status(i % 4)
	t.Muted, t.Speaking = i%3 == 2, i == 5
	if i >= 6 {
		t.Picture = nil
	}
	if i%7 == 6 {
		t.Name = longNames[0]
	}
}

var longNames = [...]string{
	"Hubert Blaine Wolfeschlegelsteinhausenbergerdorff Sr.", "Pablo Diego José Francisco de Paula Juan Nepomuceno",
	"Taumatawhakatangihangakoauauotamateaturipukakapikimaungahoronukupokaiwhenuakitanatahu",
	"王小明 (Wang Xiaoming)", "محمد بن سلمان", "👩‍👩‍👧 family", "z̷a̷l̷g̷o̷ \u202eesrever\u202c", "bad \xff\xfe bytes", "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
}

// call is a scene of n participants; the first speaks, every third is muted,
// the camera of the last of many is off.
func call(l place, n int, change ...func(i int, t *video.Tile)) []video.Tile {
	who := make([]layout.Source, n)
	for i := range who {
		who[i].ID.Participant = fmt.Sprint("participant-", i)
	}
	var tiles []video.Tile
	for i, p := range l(canvas, who) {
		t := video.Tile{ID: p.Source.Participant, Rect: p.Rect, Name: names[i%len(names)], Version: 1}
		t.Picture = portrait(i, image.Rectangle{Max: p.Rect.Size()})
		t.Speaking, t.Muted = n > 1 && i == 0, i%3 == 1
		if n > 4 && i == n-1 {
			t.Picture = nil
		}
		for _, f := range change {
			f(i, &t)
		}
		tiles = append(tiles, t)
	}
	return tiles
}

// shrunk is a scene at half size in the canvas's corner.
func shrunk(tiles []video.Tile) []video.Tile {
	for i := range tiles {
		r := &tiles[i].Rect
		*r = image.Rect(r.Min.X/4*2, r.Min.Y/4*2, r.Max.X/4*2, r.Max.Y/4*2)
	}
	return tiles
}

// portrait is somebody in front of a wall, each in other colours. The head
// is a circle, so that distortion shows.
func portrait(who int, r image.Rectangle) *image.YCbCr {
	img := image.NewYCbCr(r, image.YCbCrSubsampleRatio420)
	w, h := float64(r.Dx()), float64(r.Dy())
	unit, hue := min(w, h), float64(who)*2.4
	type chroma struct{ cb, cr uint8 }
	tint := func(turn float64) chroma {
		return chroma{uint8(128 + 26*math.Cos(turn)), uint8(128 + 26*math.Sin(turn))}
	}
	skin, shirt, wall := tint(2.2), tint(hue+2.5), tint(hue)
	paint := func(x, y int, luma float64, c chroma) {
		i := y/2*img.CStride + x/2
		img.Y[y*img.YStride+x], img.Cb[i], img.Cr[i] = uint8(luma), c.cb, c.cr
	}
	for y := range r.Dy() {
		fy := float64(y) + 0.5 - h/2
		head, shoulders := chord(fy+0.08*unit, 0.17*unit), chord(fy-0.5*unit, 0.36*unit)
		for x := range r.Dx() {
			switch fx := math.Abs(float64(x) + 0.5 - w/2); {
			case fx < head:
				paint(x, y, 176, skin)
			case fx < shoulders:
				paint(x, y, 110-60*fy/h, shirt)
			default:
				paint(x, y, 150-70*(fy/h+0.5), wall)
			}
		}
	}
	return img
}

// chord is half the width of a circle of radius r, y away from its middle.
func chord(y, r float64) float64 { return math.Sqrt(max(r*r-y*y, 0)) }

func newCompositor(tb testing.TB) *video.Compositor {
	tb.Helper()
	c, err := video.NewCompositor(canvas, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// receive shows a pixel as a receiver does: BT.601, limited range.
func receive(c color.YCbCr) color.RGBA {
	clip := func(v float64) uint8 { return uint8(min(max(v+0.5, 0), 255)) }
	l, cb, cr := 1.1644*(float64(c.Y)-16), float64(c.Cb)-128, float64(c.Cr)-128
	return color.RGBA{clip(l + 1.596*cr), clip(l - 0.3918*cb - 0.813*cr), clip(l + 2.0172*cb), 255}
}

func toRGB(img *image.YCbCr) *image.RGBA {
	out := image.NewRGBA(img.Rect)
	var last color.YCbCr
	rgb := receive(last)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			i := y/2*img.CStride + x/2
			if c := (color.YCbCr{Y: img.Y[y*img.YStride+x], Cb: img.Cb[i], Cr: img.Cr[i]}); c != last {
				last, rgb = c, receive(c)
			}
			copy(out.Pix[y*out.Stride+4*x:], []uint8{rgb.R, rgb.G, rgb.B, 255})
		}
	}
	return out
}

func compare(t *testing.T, name string, got *image.RGBA) {
	file := filepath.Join("testdata", name+".png")
	if *update {
		write(t, file, got)
		return
	}
	want := read(t, file)
	if want.Rect != got.Rect {
		t.Fatalf("canvas is %v, golden picture %v", got.Rect, want.Rect)
	}
	at, worst := worstBlock(got, want)
	if worst < 36 {
		t.Errorf("differs from %s most at %v: PSNR %.1f dB, want 36 (go test -update writes it anew: look at it)", file, at, worst)
	}
}

// worstBlock returns the PSNR in dB of the 16×16 block that differs most. A
// whole picture's PSNR would not notice a lost label.
func worstBlock(a, b *image.RGBA) (at image.Point, worst float64) {
	worst = 99
	r := a.Rect
	for y := r.Min.Y; y < r.Max.Y; y += 16 {
		for x := r.Min.X; x < r.Max.X; x += 16 {
			if p := psnr(a, b, image.Rect(x, y, x+16, y+16).Intersect(r)); p < worst {
				at, worst = image.Pt(x, y), p
			}
		}
	}
	return at, worst
}

func psnr(a, b *image.RGBA, r image.Rectangle) float64 {
	sum := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		p, q := a.Pix[a.PixOffset(r.Min.X, y):][:4*r.Dx()], b.Pix[b.PixOffset(r.Min.X, y):]
		if bytes.Equal(p, q[:len(p)]) {
			continue
		}
		for i, v := range p {
			d := int(v) - int(q[i])
			sum += d * d
		}
	}
	return 10 * math.Log10(255*255/max(float64(sum)/float64(3*r.Dx()*r.Dy()), 1e-4))
}

func write(t *testing.T, file string, img image.Image) {
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	e := png.Encoder{CompressionLevel: png.BestCompression}
	if err := e.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) *image.RGBA {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewRGBA(img.Bounds())
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Src)
	return out
}
