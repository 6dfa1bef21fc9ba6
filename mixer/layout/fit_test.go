package layout_test

import (
	"image"
	"math"
	"testing"

	"pgregory.net/rapid"

	"tilemix/mixer/layout"
)

func TestFit(t *testing.T) {
	tile := image.Rect(100, 50, 420, 230) // 320×180
	tests := []struct {
		what        string
		src         image.Point
		crop, place image.Rectangle
	}{
		{"same size", image.Pt(320, 180), image.Rect(0, 0, 320, 180), tile},
		{"16:9", image.Pt(1280, 720), image.Rect(0, 0, 1280, 720), tile},
		{"smaller 16:9", image.Pt(160, 90), image.Rect(0, 0, 160, 90), tile},
		{"4:3 is cropped", image.Pt(640, 480), image.Rect(0, 60, 640, 420), tile},
		{"odd rows of a 4:3", image.Pt(494, 370), image.Rect(0, 46, 494, 324), tile},
		{"2:1 is cropped", image.Pt(2000, 1000), image.Rect(110, 0, 1888, 1000), tile},
		{"upright phone is boxed", image.Pt(720, 1280), image.Rect(0, 0, 720, 1280), image.Rect(208, 50, 310, 230)},
		{"square is boxed", image.Pt(480, 480), image.Rect(0, 0, 480, 480), image.Rect(170, 50, 350, 230)},
		{"21:9 is boxed", image.Pt(2560, 1080), image.Rect(0, 0, 2560, 1080), image.Rect(100, 72, 420, 208)},
		{"odd size", image.Pt(321, 181), image.Rect(0, 0, 321, 181), tile},
		{"line", image.Pt(4000, 2), image.Rect(0, 0, 4000, 2), image.Rect(100, 138, 420, 140)},
		{"nothing", image.Pt(0, 0), image.Rectangle{}, image.Rectangle{}},
		{"one pixel", image.Pt(1, 1), image.Rectangle{}, image.Rectangle{}},
	}
	for _, tt := range tests {
		if crop, place := layout.Fit(tt.src, tile); crop != tt.crop || place != tt.place {
			t.Errorf("%s: Fit(%v) = %v, %v, want %v, %v", tt.what, tt.src, crop, place, tt.crop, tt.place)
		}
	}
	tall := image.Rect(8, 98, 636, 622) // 6:5
	for _, tt := range []struct{ src, crop image.Point }{
		{image.Pt(1280, 720), image.Pt(862, 720)},
		{image.Pt(480, 268), image.Pt(322, 268)}, // 480x270 in whole blocks
		{image.Pt(320, 176), image.Pt(210, 176)}, // 320x180 in larger ones
		{image.Pt(640, 480), image.Pt(576, 480)},
		{image.Pt(480, 480), image.Pt(480, 400)},
	} {
		want := image.Rectangle{Max: tt.crop}.Add(tt.src.Sub(tt.crop).Div(2))
		want.Min.X, want.Max.X = want.Min.X&^1, want.Max.X&^1
		if crop, place := layout.Fit(tt.src, tall); crop != want || place != tall {
			t.Errorf("%v in a tall tile: %v, %v, want %v", tt.src, crop, place, want)
		}
	}
	if crop, place := layout.Fit(image.Pt(2000, 1000), tall); crop.Dx() != 2000 || place.Dy() != 314 {
		t.Errorf("2:1 in a tall tile: %v, %v", crop, place)
	}
	if crop, place := layout.Fit(image.Pt(64, 36), image.Rect(4, 4, 5, 90)); !crop.Empty() || !place.Empty() {
		t.Errorf("in a tile one pixel wide: %v, %v", crop, place)
	}
}

func TestFitKeeps(t *testing.T) {
	size := func(t *rapid.T, what string, from int) int { return rapid.IntRange(from, 3000).Draw(t, what) }
	rapid.Check(t, func(t *rapid.T) {
		src := image.Pt(size(t, "source width", 2), size(t, "source height", 2))
		at := image.Pt(size(t, "x", 0), size(t, "y", 0)).Mul(2)
		tile := image.Rectangle{Max: image.Pt(size(t, "width", 1), size(t, "height", 1)).Mul(2)}.Add(at)
		crop, place := layout.Fit(src, tile)

		if crop.Empty() || place.Empty() || !crop.In(image.Rectangle{Max: src}) || !place.In(tile) {
			t.Fatalf("crop %v of %v, place %v of %v", crop, src, place, tile)
		}
		for _, v := range []int{crop.Min.X, crop.Min.Y, place.Min.X, place.Min.Y, place.Max.X, place.Max.Y} {
			if v%2 != 0 {
				t.Fatalf("not even-aligned: crop %v, place %v", crop, place)
			}
		}
		if crop.Size() != src && place != tile {
			t.Fatalf("both cropped to %v and boxed in %v", crop, place)
		}
		checkShape(t, crop.Size(), place.Size())

		crop, again := layout.Fit(place.Size(), tile)
		if again != place || crop != (image.Rectangle{Max: place.Size()}) {
			t.Fatalf("a picture of the place's size %v is cropped to %v and shown at %v", place, crop, again)
		}
	})
}

// checkShape says that the shapes differ by no more than rounding each side of
// both to an even number, of at least 2, explains. An odd side keeps its last column or row besides.
func checkShape(t rapid.TB, a, b image.Point) {
	slack := func(p image.Point) float64 {
		return (1.05+float64(p.X%2))/float64(p.X) + (1.05+float64(p.Y%2))/float64(p.Y)
	}
	shape := func(p image.Point) float64 { return math.Log(float64(p.X) / float64(p.Y)) }
	if min(a.X, a.Y, b.X, b.Y) > 8 && math.Abs(shape(a)-shape(b)) > 1.1*(slack(a)+slack(b)) {
		t.Fatalf("distorted from %v to %v", a, b)
	}
}

// TestFitCropsNoMore holds crops to what the tile's shape needs, and their middle to that of
// the source.
func TestFitCropsNoMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := image.Pt(rapid.IntRange(64, 3000).Draw(t, "source width"), rapid.IntRange(64, 3000).Draw(t, "source height"))
		tile := image.Rectangle{Max: image.Pt(rapid.IntRange(32, 960).Draw(t, "width"), rapid.IntRange(32, 540).Draw(t, "height")).Mul(2)}
		crop, place := layout.Fit(src, tile)
		cut := src.Sub(crop.Size())
		if cut.X > 0 && cut.Y > 0 {
			t.Fatalf("%v loses columns and rows: %v", src, crop)
		}
		exact := image.Pt(src.X-src.Y*place.Dx()/place.Dy(), src.Y-src.X*place.Dy()/place.Dx())
		if cut.X > max(0, exact.X)+2 || cut.Y > max(0, exact.Y)+2 {
			t.Fatalf("%v to %v loses %v, and needs to lose %v", src, place.Size(), cut, exact)
		}
		if off := crop.Min.Add(crop.Max).Sub(src); off.X*off.X > 4 || off.Y*off.Y > 4 {
			t.Fatalf("crop %v of %v is not in its middle", crop, src)
		}
	})
}

// TestFitKeepsFourThirds says that a 4:3 camera keeps three quarters of its picture in every tile
// of the layouts, but for what rounding to even pixels takes in small ones.
func TestFitKeepsFourThirds(t *testing.T) {
	for _, canvas := range []image.Point{{1280, 720}, {640, 360}, {1920, 1080}} {
		for _, l := range layout.Layouts() {
			for n := 1; n <= layout.MaxTiles; n++ {
				for _, tile := range l.Place(canvas, make([]layout.Source, n)) {
					crop, place := layout.Fit(image.Pt(640, 480), tile.Rect)
					least := 480 * 3 / 4 * (place.Dy() - 1) / place.Dy()
					if crop.Dx()*crop.Dy() < 640*least {
						t.Errorf("%s of %d on %v: %v keeps %v of 640x480", l.Name, n, canvas, tile.Rect.Size(), crop)
					}
				}
			}
		}
	}
}
