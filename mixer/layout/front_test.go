package layout_test

import (
	"image"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"tilemix/mixer/layout"
)

// named returns sources of so many participants, from a number on.
func named(from, n int) (all []layout.Source) {
	for i := range n {
		all = append(all, layout.Source{ID: layout.SourceID{Participant: strconv.Itoa(from + i)}})
	}
	return all
}

// marked marks sources as Pinned.
func marked(all []layout.Source) []layout.Source {
	for i := range all {
		all[i].Pinned = true
	}
	return all
}

// TestFront has tiles that are even, disjoint and inside the canvas, the large ones first and larger,
// on landscape, square and upright canvases.
func TestFront(t *testing.T) {
	canvases := []image.Point{{X: 1280, Y: 720}, {X: 1920, Y: 1080}, {X: 640, Y: 360}, {X: 720, Y: 1280}, {X: 1080, Y: 1920}, {X: 720, Y: 720}}
	rapid.Check(t, func(t *rapid.T) {
		canvas := rapid.SampledFrom(canvases).Draw(t, "canvas")
		large, others := rapid.IntRange(0, 9).Draw(t, "large"), rapid.IntRange(0, 30).Draw(t, "others")
		tiles := layout.Speaker(canvas, append(marked(named(0, large)), named(100, others)...))
		if want := min(large+others, layout.MaxTiles); len(tiles) != want {
			t.Fatalf("%d tiles of %d", len(tiles), want)
		}
		for i, tile := range tiles {
			r := tile.Rect
			if r.Empty() || !r.In(image.Rectangle{Max: canvas}) || (r.Min.X|r.Min.Y|r.Max.X|r.Max.Y)&1 != 0 {
				t.Fatalf("tile %d is %v", i, r)
			}
			for _, other := range tiles[:i] {
				if r.Overlaps(other.Rect) {
					t.Fatalf("%v and %v overlap", r, other.Rect)
				}
			}
			if large > 0 && i < large && tile.Source.Participant != strconv.Itoa(i) {
				t.Fatalf("tile %d is of %s", i, tile.Source.Participant)
			}
		}
		if large > 0 && large < len(tiles) && large < 5 {
			if l, s := tiles[0].Rect, tiles[large].Rect; l.Dx()*l.Dy() < s.Dx()*s.Dy() {
				t.Fatalf("a large tile is %v and a small one %v", l, s)
			}
		}
	})
}
