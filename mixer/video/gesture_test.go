package video_test

import (
	"bytes"
	"testing"

	"tilemix/mixer/decor"
	"tilemix/mixer/layout"
	"tilemix/mixer/video"
)

// TestGesturesGolden draws raised hands and reactions; of those the words, as there is no font for
// the pictures.
func TestGesturesGolden(t *testing.T) {
	c := newCompositor(t)
	c.Compose(call(layout.Grid, 9, func(i int, t *video.Tile) {
		t.Hand = []int{0, 1, 2, 12, 0, 3, 0, 4, 100}[i]
		if i%2 == 0 {
			t.Reaction = decor.Reaction{Picture: "🎉", Word: "party"}
		}
		if i == 5 {
			t.Status = video.Disconnected
		}
	}))
	compare(t, "gestures", toRGB(c.Canvas()))
}

// TestGesturesEnd: a hand that is lowered and a reaction that is over leave nothing.
func TestGesturesEnd(t *testing.T) {
	c, tiles := newCompositor(t), call(layout.Grid, 25)
	c.Compose(tiles)
	before := snapshot(c.Canvas())
	for i := range tiles {
		tiles[i].Hand, tiles[i].Reaction = i+1, decor.Reaction{Picture: "👍", Word: "like"}
	}
	if !c.Compose(tiles) || bytes.Equal(before, snapshot(c.Canvas())) {
		t.Error("nothing is seen")
	}
	for i := range tiles {
		tiles[i].Hand, tiles[i].Reaction = 0, decor.Reaction{}
	}
	if c.Compose(tiles); !bytes.Equal(before, snapshot(c.Canvas())) {
		t.Error("something stays")
	}
}
