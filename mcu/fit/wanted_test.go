package fit

import (
	"image"
	"testing"

	"tilemix/mixer/layout"
)

// TestPlace shows a source in tiles that fill, of which those cut nothing off that are to.
func TestPlace(t *testing.T) {
	tile := image.Pt(320, 180)
	w := Wanted{Tiles: [Most]image.Point{tile, tile, tile}, Whole: 0b010}
	for i, want := range []image.Point{{320, 180}, {240, 180}, {320, 180}, {}} {
		if got := w.Place(i, image.Pt(640, 480)); got != want {
			t.Errorf("tile %d shows %v, not %v", i, got, want)
		}
	}
	if w.Kind = layout.Screen; w.Place(0, image.Pt(640, 480)) != image.Pt(240, 180) {
		t.Error("a screen loses something")
	}
}
