package video_test

import (
	"bytes"
	"fmt"
	"image"
	"testing"

	"tilemix/mixer/decor"
	"tilemix/mixer/layout"
	"tilemix/mixer/layout/template"
	"tilemix/mixer/video"
)

// panel is a template with everything that a slot can say of how it is drawn.
const panel = `{"name":"panel","background":"#203a5c","layouts":[{"slots":[
 {"at":[0.02,0.04,"1/2","1/2"],"fit":"contain","border":6,"radius":40},
 {"at":[0.55,0.04,0.4,0.4],"label":"none","radius":1},
 {"at":[0.02,0.6,0.3,0.36],"label":"below","border":4},
 {"at":[0.36,0.6,0.3,0.36],"label":"below","radius":200},
 {"at":[0.7,0.5,0.28,0.46],"label":"below","grid":true}]}]}`

// panelled is a call in that template, with pictures of a shape that tiles do not have.
func panelled(t *testing.T, n int) (tiles []video.Tile, ground decor.Colour) {
	t.Helper()
	all, err := template.Parse([]byte(panel))
	if err != nil {
		t.Fatal(err)
	}
	l := all[0].Layout()
	who := make([]layout.Source, n)
	for i := range who {
		who[i].ID.Participant = fmt.Sprint("participant-", i)
	}
	for i, p := range l.Place(canvas, who) {
		tiles = append(tiles, video.Tile{
			ID: p.Source.Participant, Rect: p.Rect, Trim: p.Trim, Name: names[i], Version: 1, Muted: i%2 == 0, Speaking: i == 3,
			Picture: portrait(i, image.Rect(0, 0, 640, 480)),
		})
	}
	return tiles, l.Background
}

// TestTrimGolden draws a template with frames, corners and labels of all kinds.
func TestTrimGolden(t *testing.T) {
	tiles, ground := panelled(t, 6)
	c := newCompositor(t)
	c.Overlay(decor.Overlays{Colour: ground})
	c.Compose(tiles)
	compare(t, "trim", toRGB(c.Canvas()))
}

// TestTrimLeavesNoTrace has participants come, go, speak and change their names in templates and in other
// layouts. What is on the canvas is always what a new compositor draws.
func TestTrimLeavesNoTrace(t *testing.T) {
	c := newCompositor(t)
	for round := range 24 {
		tiles, _ := panelled(t, 1+round*5%7)
		if round%3 == 2 {
			tiles = call(layout.Grid, 1+round%5)
		}
		for i := range tiles {
			tiles[i].Version, tiles[i].Speaking = uint64(round/2), (round+i)%4 == 0
			if round%4 == 3 {
				tiles[i].Trim.Bald, tiles[i].Trim.Below, tiles[i].Name = (round+i)%3 == 0, (round+i)%2*16, names[(round+i)%len(names)]
			}
		}
		c.Compose(tiles)
		fresh := newCompositor(t)
		fresh.Compose(tiles)
		if !bytes.Equal(snapshot(c.Canvas()), snapshot(fresh.Canvas())) {
			t.Fatalf("round %d: the canvas differs from a new one", round)
		}
	}
}

// TestWhole cuts nothing off a picture where that is said, and something where it is not.
func TestWhole(t *testing.T) {
	for _, whole := range []bool{true, false} {
		img := image.NewYCbCr(image.Rect(0, 0, 320, 240), image.YCbCrSubsampleRatio420)
		for y := range 8 {
			for x := range 320 {
				img.Y[y*img.YStride+x] = 230
			}
		}
		c := newCompositor(t)
		r := image.Rect(100, 100, 420, 280)
		c.Compose([]video.Tile{{ID: "a", Rect: r, Picture: img, Version: 1, Trim: decor.Trim{Whole: whole}}})
		if got := c.Canvas().YCbCrAt(260, 102).Y > 200; got != whole {
			t.Errorf("whole: %v, and the upper edge is seen: %v", whole, got)
		}
	}
}
