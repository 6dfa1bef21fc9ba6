package video_test

import (
	"bytes"
	"fmt"
	"image"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tilemix/mixer/layout"
	"tilemix/mixer/video"
)

func TestSizeOfCanvas(t *testing.T) {
	for _, size := range []image.Point{{}, {-2, 2}, {1281, 720}, {1280, 719}} {
		if _, err := video.NewCompositor(size, nil); err == nil {
			t.Errorf("a canvas of %v was accepted", size)
		}
	}
}

func TestComposeReportsChange(t *testing.T) {
	c := newCompositor(t)
	tiles := call(layout.Grid, 4)
	step := func(what string, want bool, change func()) {
		t.Helper()
		change()
		before := snapshot(c.Canvas())
		got := c.Compose(tiles)
		differs := !bytes.Equal(before, snapshot(c.Canvas()))
		if got != want || differs != want {
			t.Errorf("%s: Compose says %v, pixels differ: %v, want %v", what, got, differs, want)
		}
	}
	step("first call", true, func() {})
	step("nothing", false, func() {})
	step("new pixels without a new version", false, func() { tiles[0].Picture.Y[40000] ^= 64 })
	step("new version", true, func() { tiles[0].Version++ })
	step("same version in another size", true, func() { tiles[0].Picture = portrait(5, image.Rect(0, 0, 64, 48)) })
	step("speaks", true, func() { tiles[1].Speaking = true })
	step("is quiet again", true, func() { tiles[1].Speaking = false })
	step("muted", true, func() { tiles[2].Muted = !tiles[2].Muted })
	step("renamed", true, func() { tiles[3].Name = "Someone Else" })
	step("same name in other memory", false, func() { tiles[3].Name = strings.Clone(tiles[3].Name) })
	step("weak line", true, func() { tiles[3].Status = video.Degraded })
	step("none", true, func() { tiles[3].Status = video.Disconnected })
	step("still none", false, func() {})
	step("stands still", true, func() { tiles[3].Status = video.Frozen })
	step("good again", true, func() { tiles[3].Status = video.OK })
	step("somebody has no tile", true, func() { tiles[3].Hidden = 1 })
	step("all have a tile", true, func() { tiles[3].Hidden = 0 })
	step("camera off", true, func() { tiles[0].Picture = nil })
	step("another person without camera", true, func() { tiles[0].ID += "x" })
	step("left", true, func() { tiles = tiles[:3] })
	step("empty", true, func() { tiles = nil })
	step("still empty", false, func() {})
}

func TestFirstCompositionIsAChange(t *testing.T) {
	if c := newCompositor(t); !c.Compose(nil) || c.Compose(nil) {
		t.Error("an empty canvas must be reported once")
	}
}

// TestIncremental says that the canvas after any sequence of changes is the one
// that the last tiles alone give.
func TestIncremental(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := image.Pt(640, 360)
		kept, err := video.NewCompositor(size, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := room{layout: layout.Grid}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			r.change(t)
			tiles := r.tiles(size)
			before := snapshot(kept.Canvas())
			changed := kept.Compose(tiles)
			fresh, _ := video.NewCompositor(size, nil)
			fresh.Compose(tiles)
			if got := snapshot(kept.Canvas()); !bytes.Equal(got, snapshot(fresh.Canvas())) {
				t.Fatal("composing what changed gives another picture than composing everything")
			} else if !changed && !bytes.Equal(got, before) {
				t.Fatal("a change was not reported")
			}
		}
	})
}

// room is a call in which anything may happen.
// place is a layout's function.
type place = func(image.Point, []layout.Source) []layout.Tile

type room struct {
	layout  place
	people  []video.Tile
	joined  int
	version uint64
}

func (r *room) change(t *rapid.T) {
	what := rapid.IntRange(0, 10).Draw(t, "change")
	if len(r.people) == 0 || what == 0 {
		r.joined++
		r.people = append(r.people, video.Tile{ID: fmt.Sprint(r.joined), Name: names[r.joined%len(names)]})
		return
	}
	i := rapid.IntRange(0, len(r.people)-1).Draw(t, "who")
	p := &r.people[i]
	switch what {
	case 1:
		r.people = append(r.people[:i:i], r.people[i+1:]...)
	case 2:
		p.Speaking = !p.Speaking
	case 3:
		p.Muted = !p.Muted
	case 4:
		p.Name = rapid.String().Draw(t, "name")
	case 5:
		p.Picture = nil
	case 6:
		r.layout = rapid.SampledFrom(append(slices.Clone(layout.Layouts()), layout.Layout{Place: heap})).Draw(t, "layout").Place
	case 8:
		p.Status = video.Status(rapid.IntRange(0, 3).Draw(t, "line"))
	case 7:
		p.Hidden = rapid.IntRange(0, 2000).Draw(t, "hidden")
	default:
		w, h := rapid.IntRange(1, 200).Draw(t, "width"), rapid.IntRange(1, 200).Draw(t, "height")
		r.version++
		p.Picture, p.Version = portrait(int(r.version), image.Rect(0, 0, w, h)), r.version
	}
}

// heap is a layout in which each tile is over a part of the one before.
func heap(canvas image.Point, sources []layout.Source) (tiles []layout.Tile) {
	for i, s := range sources {
		at := image.Pt(i*canvas.X/12&^1, i*canvas.Y/14&^1)
		tiles = append(tiles, layout.Tile{Source: s.ID, Rect: image.Rectangle{Max: canvas.Div(3)}.Add(at)})
		tiles[i].Rect.Max = image.Pt(tiles[i].Rect.Max.X&^1, tiles[i].Rect.Max.Y&^1)
	}
	return tiles
}

func (r *room) tiles(size image.Point) []video.Tile {
	who := make([]layout.Source, len(r.people))
	byID := map[string]video.Tile{}
	for i, p := range r.people {
		who[i] = layout.Source{ID: layout.SourceID{Participant: p.ID}, Speaker: i > 0 && p.Speaking}
		byID[p.ID] = p
	}
	var tiles []video.Tile
	for _, at := range r.layout(size, who) {
		p := byID[at.Source.Participant]
		p.Rect = at.Rect
		tiles = append(tiles, p)
	}
	return tiles
}

// TestPictureIsCopied says that a picture of the right size arrives untouched,
// and one that is part of a larger picture is cut out at the right place.
func TestPictureIsCopied(t *testing.T) {
	tiles := call(layout.Grid, 4)
	r := tiles[3].Rect
	large := portrait(1, image.Rectangle{Max: r.Size().Add(image.Pt(60, 60))})
	tiles[3].Picture = large.SubImage(image.Rectangle{Max: r.Size()}.Add(image.Pt(20, 40))).(*image.YCbCr)
	c := newCompositor(t)
	c.Compose(tiles)
	for y := 40; y < r.Dy()-60; y++ {
		for x := 20; x < r.Dx()-20; x++ {
			if got, want := c.Canvas().YCbCrAt(r.Min.X+x, r.Min.Y+y), large.YCbCrAt(20+x, 40+y); got != want {
				t.Fatalf("pixel %d,%d of the tile is %v, want %v", x, y, got, want)
			}
		}
	}
}

// TestOutside gives the compositor what a layout never does.
func TestOutside(t *testing.T) {
	c := newCompositor(t)
	tiles := call(layout.Grid, 4)
	for i, r := range []image.Rectangle{
		image.Rect(-50, -50, 101, 33), image.Rect(1200, 600, 1500, 900), image.Rect(5000, 0, 5100, 100), image.Rect(301, 301, 302, 302),
	} {
		tiles[i].Rect, tiles[i].Speaking = r, true
		tiles[i].Picture = []*image.YCbCr{nil, portrait(1, image.Rect(0, 0, 3, 1)), nil, portrait(2, image.Rect(0, 0, 50, 50))}[i]
	}
	c.Compose(tiles)
	for side := range 40 {
		for i := range tiles {
			tiles[i].Rect = image.Rect(100*i, 0, 100*i+side, side)
		}
		c.Compose(tiles)
	}
	c.Compose(nil)
	fresh := newCompositor(t)
	if !bytes.Equal(snapshot(c.Canvas()), snapshot(fresh.Canvas())) {
		t.Error("an emptied canvas is not empty")
	}
}

// TestLimitedRange says that nothing drawn leaves BT.601's limited range.
func TestLimitedRange(t *testing.T) {
	c := newCompositor(t)
	c.Compose(call(layout.Grid, 25, func(i int, t *video.Tile) { t.Picture = nil }))
	for _, y := range c.Canvas().Y {
		if y < 16 || y > 235 {
			t.Fatalf("luma of %d on the canvas", y)
		}
	}
}

// TestSteadyStateAllocatesNothing has nine pictures change at every tick, one of
// which the compositor scales and one it boxes; and a tenth camera is off.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	c, tiles := newCompositor(t), call(layout.Grid, 10)
	tiles[7].Picture = portrait(7, image.Rect(0, 0, 640, 480)) // is scaled
	tiles[6].Picture = portrait(8, image.Rect(0, 0, 90, 160))  // is boxed
	c.Compose(tiles)
	n := 0
	allocs := testing.AllocsPerRun(50, func() {
		n++
		for i := range tiles {
			tiles[i].Version++
			tiles[i].Speaking = n/3%10 == i
			tiles[i].Status = video.Status(i % 4)
		}
		c.Compose(tiles)
	})
	if allocs != 0 {
		t.Errorf("%v allocations a tick", allocs)
	}
}

// TestMasksAreKept swaps people of equal tiles, which needs no new masks.
func TestMasksAreKept(t *testing.T) {
	c, tiles := newCompositor(t), call(layout.Grid, 9)
	tiles[7].Picture, tiles[7].Muted, tiles[8].Muted = nil, true, true
	c.Compose(tiles)
	allocs := testing.AllocsPerRun(10, func() {
		a, b := tiles[7], tiles[8]
		tiles[7], tiles[8] = b, a
		tiles[7].Rect, tiles[8].Rect = a.Rect, b.Rect
		c.Compose(tiles)
	})
	if allocs > 20 { // initials are made from names: a few small strings
		t.Errorf("%v allocations to swap two tiles", allocs)
	}
}

// TestMasksAreDropped renames one participant many times. The masks of all names
// would be 13 MB.
func TestMasksAreDropped(t *testing.T) {
	c, tiles := newCompositor(t), call(layout.Grid, 1)
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	var before int64
	for i := range 300 {
		if i == 10 {
			before = heap()
		}
		tiles[0].Name = fmt.Sprint("somebody with a rather long name, number ", i)
		c.Compose(tiles)
	}
	if grown := heap() - before; grown > 2<<20 {
		t.Errorf("300 names grew the heap by %d bytes", grown)
	}
	runtime.KeepAlive(c)
}

func snapshot(img *image.YCbCr) []byte {
	return bytes.Join([][]byte{img.Y, img.Cb, img.Cr}, nil)
}

func BenchmarkCompose(b *testing.B) {
	for _, n := range []int{1, 4, 9, 25} {
		b.Run(fmt.Sprint(n, " tiles"), func(b *testing.B) {
			c, tiles := newCompositor(b), call(layout.Grid, n)
			b.ReportAllocs()
			for b.Loop() {
				for i := range tiles {
					tiles[i].Version++
				}
				c.Compose(tiles)
			}
		})
	}
	b.Run("9 tiles unchanged", func(b *testing.B) {
		c, tiles := newCompositor(b), call(layout.Grid, 9)
		for b.Loop() {
			c.Compose(tiles)
		}
	})
	b.Run("9 names new", func(b *testing.B) {
		c, tiles := newCompositor(b), call(layout.Grid, 9)
		for n := 0; b.Loop(); n++ {
			for i := range tiles {
				tiles[i].Name = fmt.Sprint("participant number ", n)
			}
			c.Compose(tiles)
		}
	})
}

// TestBare draws nothing but the picture in a bare tile, whatever its participant is like, and all of
// the picture.
func TestBare(t *testing.T) {
	c := newCompositor(t)
	place := image.Rect(0, 0, c.Canvas().Rect.Dx()*87/100&^1, c.Canvas().Rect.Dy())
	grey := image.NewYCbCr(image.Rectangle{Max: place.Size()}, image.YCbCrSubsampleRatio420)
	for i := range grey.Y {
		grey.Y[i] = 99
	}
	tile := video.Tile{
		ID: "ada", Name: "Ada Lovelace", Rect: place, Picture: grey, Version: 1, Bare: true,
		Speaking: true, Muted: true, Hidden: 75, Status: video.Disconnected,
	}
	if !c.Compose([]video.Tile{tile}) {
		t.Error("the picture is no change")
	}
	for y := range place.Dy() {
		for x := range place.Dx() {
			if got := c.Canvas().YCbCrAt(x, y).Y; got != 99 {
				t.Fatalf("at %d,%d something is over the picture: %d", x, y, got)
			}
		}
	}
	tile.Speaking, tile.Muted, tile.Name = false, false, "Ben"
	if c.Compose([]video.Tile{tile}) {
		t.Error("what is not drawn changes the picture")
	}
	tall := image.NewYCbCr(image.Rect(0, 0, 64, 64), image.YCbCrSubsampleRatio420)
	tall.Y[0], tall.Y[63], tall.Y[63*tall.YStride] = 255, 255, 255
	tile.Picture, tile.Version = tall, 2
	c.Compose([]video.Tile{tile})
	if left := c.Canvas().YCbCrAt(2, place.Dy()/2).Y; left == 0 || left == 99 {
		t.Errorf("beside a square picture is %d", left)
	}
	tile.Picture = nil
	c.Compose([]video.Tile{tile})
	middle := place.Min.Add(place.Max).Div(2)
	if a, b := c.Canvas().YCbCrAt(middle.X, middle.Y), c.Canvas().YCbCrAt(4, 4); a != b {
		t.Errorf("without a picture something is drawn: %v, %v", a, b)
	}
}

// TestInFront draws a tile over another one again whenever the one below changes, and takes it away
// without a trace.
func TestInFront(t *testing.T) {
	c := newCompositor(t)
	size := c.Canvas().Rect.Size()
	flat := func(luma uint8) *image.YCbCr {
		img := image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420)
		for i := range img.Y {
			img.Y[i] = luma
		}
		return img
	}
	below := video.Tile{ID: "a", Rect: c.Canvas().Rect, Picture: flat(50), Version: 1, Bare: true}
	over := video.Tile{ID: "b", Rect: image.Rect(40, 40, 120, 80), Picture: flat(200), Version: 1, Bare: true}
	expect := func(what string, inside, outside uint8) {
		t.Helper()
		if a, b := c.Canvas().YCbCrAt(80, 60).Y, c.Canvas().YCbCrAt(10, 10).Y; a != inside || b != outside {
			t.Errorf("%s: %d in front and %d below, not %d and %d", what, a, b, inside, outside)
		}
	}
	c.Compose([]video.Tile{below, over})
	expect("at first", 200, 50)
	below.Picture, below.Version = flat(70), 2
	c.Compose([]video.Tile{below, over})
	expect("the lower one changes", 200, 70)
	over.Picture, over.Version = flat(220), 2
	c.Compose([]video.Tile{below, over})
	expect("the front one changes", 220, 70)
	if c.Compose([]video.Tile{below, over}) {
		t.Error("nothing changes, and something is drawn")
	}
	c.Compose([]video.Tile{below})
	expect("the front one goes", 70, 70)
}
