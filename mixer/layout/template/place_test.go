package template_test

import (
	"encoding/json"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tilemix/mixer/decor"
	"tilemix/mixer/layout"
	"tilemix/mixer/layout/template"
)

// people returns n sources that differ in nothing but their names.
func people(n int) []layout.Source {
	all := make([]layout.Source, n)
	for i := range all {
		all[i] = source(fmt.Sprintf("p%d", i))
	}
	return all
}

// whose returns the participants of tiles, in their order. Screens have a star.
func whose(tiles []layout.Tile) (all []string) {
	for _, tile := range tiles {
		name := tile.Source.Participant
		if tile.Source.Kind == layout.Screen {
			name += "*"
		}
		all = append(all, name)
	}
	return all
}

// TestWho gives one large slot and a rest of one to sources, by each alternative that slots know.
func TestWho(t *testing.T) {
	ada := source("ada", func(s *layout.Source) { s.Role = "host" })
	ben := source("ben", func(s *layout.Source) { s.Speaker = true })
	cleo := source("cleo", func(s *layout.Source) { s.Spotlight = 2 })
	dora := source("dora", func(s *layout.Source) { s.Pinned, s.Spotlight = true, 1 })
	// A screen has its participant's role and floor, but only "screen" and "pinned" mean it.
	slides := source("ben", func(s *layout.Source) { s.ID.Kind, s.Speaker, s.Role = layout.Screen, true, "host" })
	all := []layout.Source{slides, ada, ben, cleo, dora}
	for who, want := range map[string]string{
		"":                      "ben*", // the first that is left
		"rest":                  "ben*",
		"screen":                "ben*",
		"speaker":               "ben",
		"pinned":                "dora",
		"spotlight:1":           "dora",
		"spotlight:2":           "cleo",
		"role:host":             "ada",
		"id:cleo":               "cleo",
		"id:ben":                "ben",
		"role:guest|id:cleo":    "cleo", // the first alternative that is there
		"id:zoe|spotlight:3":    "",
		"role:guest|speaker":    "ben",
		"pinned|speaker|screen": "dora",
		"role:Host":             "", // another role
	} {
		tm := parsed(t, fmt.Sprintf(`{"name":"x","layouts":[{"slots":[{"at":[0,0,1,1],"who":%q}]}]}`, who))
		if got := strings.Join(whose(tm.Place(image.Pt(640, 360), all)), " "); got != want {
			t.Errorf("%q takes %q, want %q", who, got, want)
		}
		if got, want := tm.Layout().TakesScreen, slices.Contains(strings.Split(who, "|"), "screen"); got != want {
			t.Errorf("%q: takes a screen: %v", who, got)
		}
	}
}

// TestSlotsInOrder: a source has one slot, the first that means it, and a slot whose source is taken
// goes on to its next alternative or stays dark.
func TestSlotsInOrder(t *testing.T) {
	tm := parsed(t, `{"name":"x","layouts":[{"slots":[
	 {"at":[0,0,0.5,0.5],"who":"speaker"},{"at":[0.5,0,0.5,0.5],"who":"speaker|id:p0"},
	 {"at":[0,0.5,0.5,0.5],"who":"id:p0"},{"at":[0.5,0.5,0.5,0.5]}]}]}`)
	all := people(4)
	all[2].Speaker = true
	want := []layout.Tile{
		{Source: all[2].ID, Rect: image.Rect(0, 0, 320, 180)},
		{Source: all[0].ID, Rect: image.Rect(320, 0, 640, 180)},
		{Source: all[1].ID, Rect: image.Rect(320, 180, 640, 360)},
	}
	if diff := cmp.Diff(want, tm.Place(image.Pt(640, 360), all)); diff != "" {
		t.Error(diff)
	}
}

// TestGroups takes the smallest group with room for all, whatever their order, and otherwise the
// largest. "any" has no bound.
func TestGroups(t *testing.T) {
	for _, x := range []struct {
		groups []int // the maximum of each; 0: any number
		n      int
		want   int // index
	}{
		{[]int{1, 2, 4}, 0, 0},
		{[]int{1, 2, 4}, 1, 0},
		{[]int{4, 2, 1}, 2, 1},
		{[]int{4, 2, 1}, 3, 0},
		{[]int{1, 2, 4}, 5, 2}, // nobody has room: the largest
		{[]int{4, 1, 2}, 9, 0},
		{[]int{0, 3}, 3, 1},
		{[]int{0, 3}, 4, 0},
		{[]int{3, 3}, 2, 0}, // the first of two equals
		{[]int{math.MaxInt32, 0}, 9, 0},
		{[]int{0, math.MaxInt32}, 9, 1}, // however large a bound is, it is smaller than none
	} {
		var groups []string
		for i, most := range x.groups {
			// The width of the one tile tells which group it is.
			groups = append(groups, fmt.Sprintf(`{"max":%d,"slots":[{"at":[0,0,%g,1],"who":"rest"}]}`, most, float64(i+1)/10))
		}
		tm := parsed(t, `{"name":"x","layouts":[`+strings.Join(groups, ",")+`]}`)
		tiles := tm.Place(image.Pt(1000, 100), people(max(x.n, 0)))
		if x.n == 0 {
			if len(tiles) != 0 {
				t.Errorf("nobody has %v", tiles)
			}
			continue
		}
		if got := tiles[0].Rect.Dx()/100 - 1; got != x.want {
			t.Errorf("%d sources have group %d of %v, want %d", x.n, got, x.groups, x.want)
		}
	}
}

// TestEdges holds fractions to even pixels: parts that meet in fractions meet in pixels too.
func TestEdges(t *testing.T) {
	for _, canvas := range []image.Point{{1280, 720}, {854, 480}, {641, 361}, {2, 2}, {3, 1}, {1, 1}, {}, {1920, 2}} {
		for n := 1; n <= 12; n++ {
			var slots []string
			for i := range n {
				slots = append(slots, fmt.Sprintf(`{"at":["%d/%d",0,"1/%d",1]}`, i, n, n))
			}
			tiles := parsed(t, `{"name":"x","layouts":[{"slots":[`+strings.Join(slots, ",")+`]}]}`).Place(canvas, people(n))
			x := 0
			for _, tile := range tiles {
				if tile.Rect.Min.X != x || tile.Rect.Dy() != canvas.Y&^1 {
					t.Errorf("%v in %d columns: %v begins at %d, not %d", canvas, n, tile.Rect, tile.Rect.Min.X, x)
				}
				x = tile.Rect.Max.X
			}
			if x != canvas.X&^1 && canvas.Y >= 2 {
				t.Errorf("%v in %d columns ends at %d", canvas, n, x)
			}
		}
	}
}

// TestGridSlot: a grid stays inside its slot and leaves out whom others have taken. A grid of less
// than two pixels has no tile, and that is no fault.
func TestGridSlot(t *testing.T) {
	const text = `{"name":"x","layouts":[{"slots":[{"at":[%g,%g,%g,%g],"grid":true,"z":1},{"at":[0,0,1,1],"who":"speaker"}]}]}`
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.Float64Range(0, 1)
		x, y := part.Draw(t, "x"), part.Draw(t, "y")
		w, h := (1-x)*part.Draw(t, "w"), (1-y)*part.Draw(t, "h")
		all, err := template.Parse(fmt.Appendf(nil, text, x, y, w, h))
		if err != nil {
			if w > 0 && h > 0 {
				t.Fatal(err)
			}
			return
		}
		canvas := image.Pt(rapid.IntRange(0, 2000).Draw(t, "width"), rapid.IntRange(0, 1200).Draw(t, "height"))
		sources := people(rapid.IntRange(1, 40).Draw(t, "sources"))
		sources[0].Speaker = true
		tiles := all[0].Place(canvas, sources)
		area := image.Rect(int(x*float64(canvas.X))-2, int(y*float64(canvas.Y))-2, int((x+w)*float64(canvas.X))+3, int((y+h)*float64(canvas.Y))+3)
		for i, a := range tiles {
			if a.Source == sources[0].ID {
				if i != 0 || a.Rect != (image.Rectangle{Max: image.Pt(canvas.X&^1, canvas.Y&^1)}) {
					t.Fatalf("the speaker is tile %d at %v of %v", i, a.Rect, canvas)
				}
				continue
			}
			if !a.Rect.In(area) || (a.Rect.Min.X|a.Rect.Min.Y|a.Rect.Max.X|a.Rect.Max.Y)&1 != 0 {
				t.Fatalf("%v of the grid is not in %v", a.Rect, area)
			}
			for _, b := range tiles[i+1:] {
				if a.Rect.Overlaps(b.Rect) {
					t.Fatalf("%v and %v overlap", a.Rect, b.Rect)
				}
			}
		}
	})
}

// TestPure places the same sources twice: neither the answer nor what was given changes.
func TestPure(t *testing.T) {
	tm := parsed(t, panel)
	sources := people(7)
	sources[3].Speaker, sources[5].Role = true, "interpreter"
	before, kept := tm.Place(image.Pt(1280, 720), sources), slices.Clone(sources)
	for _, canvas := range []image.Point{{320, 180}, {90, 160}, {1280, 720}} {
		after := tm.Place(canvas, sources)
		if canvas == image.Pt(1280, 720) {
			if diff := cmp.Diff(before, after); diff != "" {
				t.Error(diff)
			}
		}
	}
	if diff := cmp.Diff(kept, sources); diff != "" {
		t.Errorf("sources changed:\n%s", diff)
	}
}

// TestTrims says of each tile how it is drawn, and gives a label below its place.
func TestTrims(t *testing.T) {
	tm := parsed(t, `{"name":"x","background":"#0a0B0c","layouts":[{"slots":[
	 {"at":[0,0,0.5,0.5],"fit":"contain","radius":8,"border":3},{"at":[0.5,0,0.5,0.5],"label":"none","fit":"cover"},
	 {"at":[0,0.5,0.5,0.1],"label":"below"},{"at":[0.5,0.5,0.5,0.5],"label":"below","grid":true}]}]}`)
	got := tm.Place(image.Pt(1000, 500), people(5))
	for i, want := range []decor.Trim{
		{Whole: true, Radius: 8, Border: 3}, {Bald: true}, {}, {Below: 18}, {Below: 18},
	} {
		if i < len(got) && got[i].Trim == want {
			continue
		}
		t.Errorf("tile %d of %+v is not drawn as %+v", i, got, want)
	}
	if l := tm.Layout(); l.Background != decor.RGB(0x0a0b0c) {
		t.Errorf("the background is %x", l.Background)
	}
	tm.Background = ""
	if l := tm.Layout(); l.Background != 0 {
		t.Error("there is a background without one")
	}
	for _, tile := range got {
		if r := tile.Rect; !r.In(image.Rect(0, 0, 1000, 500-tile.Trim.Below)) || r.Max.Y%2 != 0 {
			t.Errorf("the label of %v is outside", tile)
		}
	}
}

// TestZOrder sorts tiles by z and leaves equals in the order of their slots.
func TestZOrder(t *testing.T) {
	tm := parsed(t, `{"name":"x","layouts":[{"slots":[
	 {"at":[0,0,0.1,0.1],"z":3},{"at":[0.2,0,0.1,0.1],"z":-64},{"at":[0.4,0,0.1,0.1],"z":3},
	 {"at":[0.6,0,0.1,0.1]},{"at":[0.8,0,0.1,0.1],"z":64},{"at":[0,0.5,1,0.5],"z":1,"grid":true}]}]}`)
	got := whose(tm.Place(image.Pt(1000, 500), people(7)))
	if want := []string{"p1", "p3", "p5", "p6", "p0", "p2", "p4"}; !slices.Equal(got, want) {
		t.Errorf("from back to front: %v, want %v", got, want)
	}
}

// TestFractions reads numbers and texts as the same fraction, and says of others what is wrong.
func TestFractions(t *testing.T) {
	for text, want := range map[string]float64{
		`0.75`: 0.75, `"0.75"`: 0.75, `"3/4"`: 0.75, `" 3/4 "`: 0.75, `"1.5/2"`: 0.75, `"75e-2"`: 0.75, `7.5e-1`: 0.75, `"-1/-2"`: 0.5, `1`: 1,
	} {
		var a template.Area
		if err := json.Unmarshal([]byte(`[0,0,`+text+`,1]`), &a); err != nil || a[2] != want {
			t.Errorf("%s is %v: %v", text, a[2], err)
		}
	}
	for text, says := range map[string]string{
		`[0,0,"1/0",1]`:    "divides by nothing",
		`[0,0,"1/x",1]`:    "is no fraction such as",
		`[0,0,"1/",1]`:     "is no fraction such as",
		`[0,0,"/2",1]`:     "is no fraction such as",
		`[0,0,"1/2/3",1]`:  "is no fraction such as",
		`[0,0,"",1]`:       "is no fraction such as",
		`[0,0,"0/0",1]`:    "divides by nothing",
		`[0,0,"1e999",1]`:  "is no fraction such as",
		`[0,0,1e999,1]`:    "is no fraction such as",
		`[0,0,"-Inf",1]`:   "is no fraction such as",
		`[0,0,null,1]`:     "is no fraction such as",
		`[0,0,true,1]`:     "is no fraction such as",
		`[0,0,[1],1]`:      "is no fraction such as",
		`[0,0,{"a":1},1]`:  "is no fraction such as",
		`[]`:               "left, top, width and height",
		`[0,0,1,1,1]`:      "left, top, width and height",
		`null`:             "left, top, width and height",
		`"0 0 1 1"`:        "left, top, width and height",
		`{"left":0}`:       "left, top, width and height",
		`[0,0,1,"\ud800"]`: "is no fraction such as",
	} {
		var a template.Area
		if err := json.Unmarshal([]byte(text), &a); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s is %v: %v, want %q", text, a, err, says)
		}
	}
}
