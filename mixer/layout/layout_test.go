package layout_test

import (
	"fmt"
	"image"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tilemix/mixer/layout"
)

var hd = image.Pt(1280, 720)

func people(n int) []layout.Source {
	who := make([]layout.Source, n)
	for i := range who {
		who[i].ID.Participant = fmt.Sprint(i)
	}
	return who
}

// TestLayouts holds what every layout promises, on any canvas, with anyone
// speaking or nobody.
func TestLayouts(t *testing.T) {
	for _, l := range layout.Layouts() {
		place := l.Place
		t.Run(l.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				canvas := image.Pt(rapid.IntRange(320, 4096).Draw(t, "width"), rapid.IntRange(180, 4096).Draw(t, "height"))
				if rapid.Bool().Draw(t, "usual") {
					canvas = rapid.SampledFrom([]image.Point{hd, {640, 360}, {320, 180}, {1920, 1080}, {640, 480}}).Draw(t, "canvas")
				}
				who := people(rapid.IntRange(0, 40).Draw(t, "participants"))
				if i := rapid.IntRange(-1, len(who)-1).Draw(t, "speaker"); i >= 0 {
					who[i].Speaker = true
				}
				given := slices.Clone(who)
				tiles := place(canvas, who)
				if diff := cmp.Diff(tiles, place(canvas, who)); diff != "" {
					t.Fatalf("two calls differ:\n%s", diff)
				}
				if !slices.Equal(who, given) {
					t.Fatal("the participants were changed")
				}
				checkPlaces(t, canvas, tiles)
				checkVisible(t, who, tiles)
			})
		})
	}
}

func checkPlaces(t rapid.TB, canvas image.Point, tiles []layout.Tile) {
	for i, a := range tiles {
		r := a.Rect
		if !r.In(image.Rectangle{Max: canvas}) || r.Empty() {
			t.Fatalf("tile %d at %v is not inside %v", i, r, canvas)
		}
		if (r.Min.X|r.Min.Y|r.Max.X|r.Max.Y)&1 != 0 {
			t.Fatalf("tile %d at %v is not even-aligned", i, r)
		}
		// Within the pixel that even sizes cost.
		if r.Dx()*9-r.Dy()*16 > 18 || r.Dx()*5-r.Dy()*6 < -6 {
			t.Fatalf("tile %d of %v is not between 16:9 and 6:5", i, r.Size())
		}
		for j, b := range tiles[:i] {
			if r.Overlaps(b.Rect) {
				t.Fatalf("tiles %d at %v and %d at %v overlap", i, r, j, b.Rect)
			}
		}
	}
}

// checkVisible says that the first 25 are shown, and the speaker in any case.
func checkVisible(t rapid.TB, who []layout.Source, tiles []layout.Tile) {
	if len(tiles) != min(len(who), layout.MaxTiles) {
		t.Fatalf("%d tiles for %d participants", len(tiles), len(who))
	}
	seen := map[string]bool{}
	for _, tile := range tiles {
		seen[tile.Source.Participant] = true
	}
	if len(seen) != len(tiles) {
		t.Fatal("somebody has two tiles")
	}
	for _, p := range who[:min(len(who), layout.MaxTiles-1)] {
		if !seen[p.ID.Participant] {
			t.Fatalf("%s is not shown", p.ID.Participant)
		}
	}
}

// TestTinyCanvas says that a canvas without room is no crash.
func TestTinyCanvas(t *testing.T) {
	for _, place := range []func(image.Point, []layout.Source) []layout.Tile{layout.Grid, layout.Speaker} {
		for _, canvas := range []image.Point{{}, {-4, 10}, {1, 1}, {2, 2}, {4, 2}, {50, 3}, {3, 50}, {64, 36}} {
			for n := range 30 {
				tiles := place(canvas, people(n))
				checkPlaces(t, canvas, tiles)
			}
		}
	}
}

func TestGrid(t *testing.T) {
	tests := []struct{ n, columns, rows, least int }{
		{1, 1, 1, 1280},
		{2, 2, 1, 620},
		{3, 2, 2, 610},
		{4, 2, 2, 610},
		{5, 3, 2, 410},
		{6, 3, 2, 410},
		{7, 3, 3, 400},
		{9, 3, 3, 400},
		{10, 4, 3, 308},
		{12, 4, 3, 308},
		{13, 4, 4, 300},
		{16, 4, 4, 300},
		{17, 5, 4, 244},
		{20, 5, 4, 244},
		{21, 5, 5, 236},
		{25, 5, 5, 236},
		{40, 5, 5, 236},
	}
	for _, tt := range tests {
		tiles := layout.Grid(hd, people(tt.n))
		rows := map[int][]image.Rectangle{}
		for i, tile := range tiles {
			if tile.Source.Participant != fmt.Sprint(i) {
				t.Errorf("n=%d: tile %d belongs to %s", tt.n, i, tile.Source.Participant)
			}
			if tile.Rect.Size() != tiles[0].Rect.Size() {
				t.Errorf("n=%d: tiles of %v and %v", tt.n, tiles[0].Rect.Size(), tile.Rect.Size())
			}
			rows[tile.Rect.Min.Y] = append(rows[tile.Rect.Min.Y], tile.Rect)
		}
		first := rows[tiles[0].Rect.Min.Y]
		if len(first) != tt.columns || len(rows) != tt.rows || first[0].Dx() < tt.least {
			t.Errorf("n=%d: %d columns, %d rows of %v, want %d, %d of at least %d", tt.n, len(first), len(rows), first[0].Size(), tt.columns, tt.rows, tt.least)
		}
		for y, row := range rows {
			if left, right := row[0].Min.X, hd.X-row[len(row)-1].Max.X; right-left < 0 || right-left > 2 {
				t.Errorf("n=%d: row at %d has margins of %d and %d", tt.n, y, left, right)
			}
		}
	}
}

// TestGridUsesCanvas says which share of the canvas the tiles have, in per cent.
func TestGridUsesCanvas(t *testing.T) {
	for n, least := range map[int]int{1: 100, 2: 70, 3: 69, 4: 92, 5: 68, 6: 82, 7: 70, 8: 80, 9: 90, 10: 75, 12: 90, 16: 87, 20: 87, 25: 86} {
		tiles := layout.Grid(hd, people(n))
		share := 100 * n * tiles[0].Rect.Dx() * tiles[0].Rect.Dy() / (hd.X * hd.Y)
		t.Logf("%d of %v: %d %%", n, tiles[0].Rect.Size(), share)
		if share < least {
			t.Errorf("%d tiles use %d %% of the canvas, want %d", n, share, least)
		}
	}
}

func TestSpeaker(t *testing.T) {
	for n := 2; n <= 40; n++ {
		for speaker := range n {
			who := people(n)
			who[speaker].Speaker = true
			tiles := layout.Speaker(hd, who)
			large, others := tiles[0], tiles[1:]
			if large.Source.Participant != fmt.Sprint(speaker) {
				t.Fatalf("n=%d: the large tile belongs to %s, want %d", n, large.Source.Participant, speaker)
			}
			if large.Rect.Dx() < hd.X*2/3 {
				t.Errorf("n=%d: the large tile is %v", n, large.Rect.Size())
			}
			for _, o := range others {
				if o.Rect.Dx() < 100 || o.Rect.Dx()*3 > large.Rect.Dx() || o.Rect.Min.X < large.Rect.Max.X {
					t.Errorf("n=%d: a small tile at %v beside the large one at %v", n, o.Rect, large.Rect)
				}
			}
		}
	}
	if got := layout.Speaker(hd, people(3))[0].Source.Participant; got != "0" {
		t.Errorf("with nobody speaking the large tile belongs to %s", got)
	}
	if got := layout.Speaker(hd, people(1)); len(got) != 1 || got[0].Rect != image.Rect(0, 0, 1280, 720) {
		t.Errorf("somebody alone is at %v", got)
	}
}

func TestByName(t *testing.T) {
	for _, l := range layout.Layouts() {
		if got, ok := layout.ByName(l.Name); !ok || got.Name != l.Name || got.LeadsSpeaker != l.LeadsSpeaker {
			t.Errorf("%s is %+v, %v", l.Name, got, ok)
		}
	}
	if _, ok := layout.ByName("Grid"); ok {
		t.Error("there is a layout named Grid")
	}
}

// TestScreen holds the layout of a shared screen to its promises: the screen has three quarters of
// the canvas, also as a slide of 16:9 to 4:3 on a wide one, and nothing is over it.
func TestScreen(t *testing.T) {
	l, ok := layout.ByName("screen")
	if !ok || !l.TakesScreen {
		t.Fatal("there is no layout for screens")
	}
	screen := layout.Source{ID: layout.SourceID{Participant: "0", Kind: layout.Screen}}
	for _, canvas := range []image.Point{hd, {640, 360}, {1920, 1080}, {720, 1280}, {1080, 1920}, {720, 720}} {
		for n := range 41 {
			tiles := l.Place(canvas, append([]layout.Source{screen}, people(n)...))
			large := tiles[0].Rect
			if tiles[0].Source != screen.ID || large.Dx()*large.Dy()*4 < canvas.X*canvas.Y*3 {
				t.Fatalf("%d on %v: the screen has %v", n, canvas, large)
			}
			if n > 0 && len(tiles) < min(n, 4)+1 {
				t.Errorf("%d on %v: %d cameras are seen", n, canvas, len(tiles)-1)
			}
			for i, a := range tiles {
				if !a.Rect.In(image.Rectangle{Max: canvas}) || (a.Rect.Min.X|a.Rect.Min.Y|a.Rect.Max.X|a.Rect.Max.Y)&1 != 0 {
					t.Errorf("%d on %v: %v", n, canvas, a)
				}
				for _, b := range tiles[:i] {
					if a.Rect.Overlaps(b.Rect) {
						t.Errorf("%d on %v: %v is over %v", n, canvas, a, b)
					}
				}
			}
		}
	}
	tiles := l.Place(hd, append([]layout.Source{screen}, people(5)...))
	for _, slide := range []image.Point{{1920, 1080}, {1280, 800}, {1024, 768}} {
		crop, place := layout.Screen.Fit(slide, tiles[0].Rect)
		if crop != (image.Rectangle{Max: slide}) || place.Dx()*place.Dy()*4 < hd.X*hd.Y*3 {
			t.Errorf("a slide of %v is cut to %v and has %v", slide, crop, place)
		}
		checkShape(t, slide, place.Size())
	}
	if crop, place := layout.Camera.Fit(image.Pt(640, 480), tiles[0].Rect); crop.Size() == image.Pt(640, 480) && place != tiles[0].Rect {
		t.Errorf("a camera is boxed as a screen is: %v, %v", crop, place)
	}
	if crop, place := layout.Screen.Fit(image.Pt(1, 16), tiles[0].Rect); !crop.Empty() || !place.Empty() {
		t.Errorf("a screen of one column has %v", place)
	}
}
