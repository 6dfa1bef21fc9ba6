package video_test

import (
	"bytes"
	"fmt"
	"image"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/mixer/decor"
	"tilemix/mixer/layout"
	"tilemix/mixer/motion"
	"tilemix/mixer/video"
)

var (
	noon  = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	usual = motion.Transition{Length: 250 * time.Millisecond}
)

// at composes tiles at a time after noon.
func at(c *video.Compositor, how motion.Transition, ms int, tiles []video.Tile) bool {
	c.Transit(how, noon.Add(time.Duration(ms)*time.Millisecond))
	return c.Compose(tiles)
}

// TestTransitionGolden looks at tiles on their way: one that leaves and others that take its place, a
// layout that becomes another one, and a screen that takes the place of all.
func TestTransitionGolden(t *testing.T) {
	four := call(layout.Grid, 4)
	screen := func() []video.Tile {
		who := []layout.Source{{ID: layout.SourceID{Participant: "participant-1", Kind: layout.Screen}}}
		for i := range 4 {
			who = append(who, layout.Source{ID: layout.SourceID{Participant: fmt.Sprint("participant-", i)}})
		}
		l, _ := layout.ByName("screen")
		var tiles []video.Tile
		for i, p := range l.Place(canvas, who) {
			tile := video.Tile{ID: p.Source.Participant, Rect: p.Rect, Version: 1, Picture: portrait(7, image.Rect(0, 0, 1280, 720)), Bare: true}
			if i > 0 {
				tile = four[i-1]
				tile.Rect = p.Rect
			}
			tiles = append(tiles, tile)
		}
		return tiles
	}
	for name, c := range map[string]struct{ from, to []video.Tile }{
		"move-leave":  {four, without(call(layout.Grid, 3), 0)},
		"move-layout": {call(layout.Grid, 8), call(layout.Speaker, 8)},
		"move-screen": {four, screen()},
	} {
		for _, ms := range []int{80, 125, 190} {
			canvas := newCompositor(t)
			at(canvas, usual, 0, c.from)
			at(canvas, usual, 1000, c.to)
			if ms == 190 {
				at(canvas, usual, 1100, c.to) // other ticks are of no effect
			}
			at(canvas, usual, 1000+ms, c.to)
			compare(t, fmt.Sprint(name, "-", ms), toRGB(canvas.Canvas()))
		}
	}
}

// without leaves a participant out: those behind have its place.
func without(tiles []video.Tile, who int) []video.Tile {
	all := slices.Clone(tiles)
	for i := range all {
		if i >= who {
			all[i].ID, all[i].Name = fmt.Sprint("participant-", i+1), names[i+1]
			all[i].Picture = portrait(i+1, all[i].Picture.Rect)
		}
	}
	return all
}

// TestTransitionEnds has the canvas at the end of any transitions be what the last tiles alone give, and
// rest then; and the canvas on the way depend on the time alone, however many ticks there were.
func TestTransitionEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := image.Pt(320, 180)
		few, _ := video.NewCompositor(size, nil)
		many, _ := video.NewCompositor(size, nil)
		r, now := room{layout: layout.Grid}, 0
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			r.change(t)
			tiles := r.tiles(size)
			now += rapid.IntRange(1, 400).Draw(t, "after")
			for _, c := range []*video.Compositor{few, many} {
				at(c, usual, now, tiles)
			}
			for range rapid.IntRange(0, 4).Draw(t, "ticks") {
				now += 33
				at(many, usual, now, tiles)
			}
			at(few, usual, now, tiles)
			if !bytes.Equal(snapshot(few.Canvas()), snapshot(many.Canvas())) {
				t.Fatal("the ticks between change the picture")
			}
		}
		tiles := r.tiles(size)
		at(few, usual, now+300, tiles)
		fresh, _ := video.NewCompositor(size, nil)
		fresh.Compose(tiles)
		if !bytes.Equal(snapshot(few.Canvas()), snapshot(fresh.Canvas())) {
			t.Fatal("at the end the canvas is not what the tiles give")
		}
		if at(few, usual, now+333, tiles) {
			t.Fatal("it changes after the end")
		}
	})
}

// TestTransitionSkipped has tiles jump where they are to: without a transition, on a canvas that just
// began, where there are many of them, and at once when the transition is taken away.
func TestTransitionSkipped(t *testing.T) {
	arrives := func(what string, how motion.Transition, from, to []video.Tile, early bool) {
		t.Helper()
		c, fresh := newCompositor(t), newCompositor(t)
		if from != nil {
			at(c, usual, 0, from)
		}
		if early {
			at(c, usual, 500, to)
		}
		at(c, how, 600, to)
		fresh.Compose(to)
		if !bytes.Equal(snapshot(c.Canvas()), snapshot(fresh.Canvas())) || at(c, how, 633, to) {
			t.Errorf("%s: tiles are on their way", what)
		}
	}
	arrives("no transition", motion.Transition{}, call(layout.Grid, 4), call(layout.Grid, 5), false)
	arrives("the beginning", usual, nil, call(layout.Grid, 5), false)
	arrives("many", usual, call(layout.Grid, 16), call(layout.Grid, 17), false)
	arrives("fewer", usual, call(layout.Grid, 17), call(layout.Grid, 16), false)
	arrives("taken away", motion.Transition{}, call(layout.Grid, 4), call(layout.Grid, 5), true)
	c := newCompositor(t)
	at(c, usual, 0, call(layout.Grid, 4))
	if at(c, usual, 33, call(layout.Grid, 5)); !at(c, usual, 66, call(layout.Grid, 5)) {
		t.Error("with a transition they jump too")
	}
}

// TestTransitionMoves has a tile be where it is to be at each time, with all that is on it.
func TestTransitionMoves(t *testing.T) {
	grey := image.NewYCbCr(image.Rect(0, 0, 320, 180), image.YCbCrSubsampleRatio420)
	for i := range grey.Y {
		grey.Y[i] = 200
	}
	tile := video.Tile{ID: "a", Rect: image.Rect(0, 0, 320, 180), Picture: grey, Version: 1, Bare: true}
	c, how := newCompositor(t), usual
	how.Ease = ease(t, `"linear"`)
	at(c, how, 0, []video.Tile{tile})
	tile.Rect = image.Rect(640, 360, 960, 540)
	at(c, how, 1000, []video.Tile{tile})
	for _, ms := range []int{0, 50, 125, 200, 249, 250, 300} {
		at(c, how, 1000+ms, []video.Tile{tile})
		x := min(ms, 250) * 640 / 250
		for at, want := range map[int]bool{x - 4: false, x + 4: true, x + 316: true, x + 324: false} {
			y := min(ms, 250)*360/250 + 90
			if at >= 0 && (c.Canvas().YCbCrAt(at, y).Y == 200) != want {
				t.Errorf("after %d ms the tile is at %d: %v", ms, at, !want)
			}
		}
	}
}

// TestTransitionFades has a tile come and go by degrees, and one that comes in the place of another be
// mixed with it.
func TestTransitionFades(t *testing.T) {
	flat := func(id string, luma uint8) []video.Tile {
		img := image.NewYCbCr(image.Rect(0, 0, 320, 180), image.YCbCrSubsampleRatio420)
		for i := range img.Y {
			img.Y[i] = luma
		}
		return []video.Tile{{ID: id, Rect: image.Rect(0, 0, 320, 180), Picture: img, Version: 1, Bare: true}}
	}
	c, how := newCompositor(t), usual
	how.Ease = ease(t, `"linear"`)
	at(c, how, 0, nil)
	ground := int(c.Canvas().YCbCrAt(100, 100).Y)
	expect := func(ms, want int, tiles []video.Tile) {
		t.Helper()
		at(c, how, ms, tiles)
		if got := int(c.Canvas().YCbCrAt(100, 100).Y); got < want-2 || got > want+2 {
			t.Errorf("at %d ms it is %d, not %d", ms, got, want)
		}
	}
	a, b := flat("a", 220), flat("b", 80)
	expect(1000, ground, a)
	expect(1125, (ground+220)/2, a)
	expect(1250, 220, a)
	expect(2000, 220, b)
	expect(2125, 150, b)
	expect(2300, 80, b)
	expect(3000, 80, nil)
	expect(3125, (ground+80)/2, nil)
	expect(3126, (ground+80)/2, a) // turns round on its way
	expect(3251, (ground+80)/4+110, a)
	expect(3400, 220, a)
}

func ease(tb testing.TB, text string) (e motion.Ease) {
	tb.Helper()
	if err := e.UnmarshalJSON([]byte(text)); err != nil {
		tb.Fatal(err)
	}
	return e
}

// TestTransitionAllocatesNothing moves tiles of nine cameras to and fro.
func TestTransitionAllocatesNothing(t *testing.T) {
	c, n := newCompositor(t), 0
	c.Overlay(decor.Overlays{Backdrop: video.Backdrop(gradient(320, 180))})
	tiles := call(layout.Grid, 9)
	move := func() {
		n++
		for i := range tiles {
			tiles[i].Version++
		}
		at(c, usual, n*33, tiles)
	}
	swap := func() {
		for i := 0; i+1 < len(tiles); i += 2 {
			tiles[i].Rect, tiles[i+1].Rect = tiles[i+1].Rect, tiles[i].Rect
		}
		for range 9 {
			move()
		}
	}
	swap()
	swap()
	swap()
	for i := 0; i+1 < len(tiles); i += 2 {
		tiles[i].Rect, tiles[i+1].Rect = tiles[i+1].Rect, tiles[i].Rect
	}
	move()
	if allocs := testing.AllocsPerRun(7, move); allocs > 0 {
		t.Errorf("%v allocations a tick on the way", allocs)
	}
	if allocs := testing.AllocsPerRun(20, move); allocs > 0 {
		t.Errorf("%v allocations a tick afterwards", allocs)
	}
}

// BenchmarkTransition composes nine cameras on their way.
func BenchmarkTransition(b *testing.B) {
	c, tiles := newCompositor(b), call(layout.Grid, 9)
	at(c, usual, 0, tiles)
	moved := call(layout.Speaker, 9)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%7 == 0 {
			tiles, moved = moved, tiles
			at(c, motion.Transition{}, n*33, moved)
		}
		for i := range tiles {
			tiles[i].Version++
		}
		at(c, usual, n*33, tiles)
	}
}
