package template_test

import (
	"encoding/json"
	"fmt"
	"image"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tilemix/mixer/decor"
	"tilemix/mixer/layout"
	"tilemix/mixer/layout/template"
)

// panel is the example of the guide.
const panel = `{"name":"panel","canvas":"16:9","background":"#101418","layouts":[
 {"max":1,"slots":[{"at":[0,0,1,1]}]},
 {"max":5,"slots":[
  {"at":[0,0,"3/4",1],"who":"screen|speaker","fit":"contain"},
  {"at":["3/4",0,"1/4","1/4"],"who":"role:interpreter","fit":"cover","radius":8},
  {"at":["3/4","1/4","1/4","3/4"],"who":"rest","grid":true,"label":"below"}]}]}`

func parsed(t testing.TB, text string) *template.Template {
	t.Helper()
	all, err := template.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &all[0]
}

func source(id string, change ...func(*layout.Source)) layout.Source {
	s := layout.Source{ID: layout.SourceID{Participant: id}}
	for _, f := range change {
		f(&s)
	}
	return s
}

// TestPlace takes sources by what slots say of them.
func TestPlace(t *testing.T) {
	speaks := func(s *layout.Source) { s.Speaker = true }
	interprets := func(s *layout.Source) { s.Role = "interpreter" }
	shares := func(s *layout.Source) { s.ID.Kind = layout.Screen }
	ada, ben, cleo := source("ada"), source("ben", speaks), source("cleo", interprets)
	slides := source("ada", shares)
	large, small, rest := image.Rect(0, 0, 960, 720), image.Rect(960, 0, 1280, 180), image.Rect(960, 180, 1280, 720)
	for _, x := range []struct {
		name    string
		sources []layout.Source
		want    []layout.Tile // but those of the grid
	}{
		{"nobody", nil, nil},
		{"one has all", []layout.Source{ada}, []layout.Tile{{Source: ada.ID, Rect: image.Rect(0, 0, 1280, 720)}}},
		{"the speaker", []layout.Source{ada, ben}, []layout.Tile{{Source: ben.ID, Rect: large}}},
		{"the screen before the speaker", []layout.Source{slides, ada, ben}, []layout.Tile{{Source: slides.ID, Rect: large}}},
		{"the interpreter", []layout.Source{ada, ben, cleo}, []layout.Tile{{Source: ben.ID, Rect: large}, {Source: cleo.ID, Rect: small}}},
	} {
		got := parsed(t, panel).Place(image.Pt(1280, 720), x.sources)
		for i := range got {
			got[i].Trim = decor.Trim{} // see TestTrims
		}
		if len(got) != len(x.sources) {
			t.Errorf("%s: %d tiles for %d", x.name, len(got), len(x.sources))
			continue
		}
		if diff := cmp.Diff(x.want, got[:len(x.want)], cmp.Transformer("empty", func(l []layout.Tile) []layout.Tile { return append([]layout.Tile{}, l...) })); diff != "" {
			t.Errorf("%s:\n%s", x.name, diff)
		}
		for _, tile := range got[len(x.want):] {
			if !tile.Rect.In(rest) {
				t.Errorf("%s: %v is not in the grid", x.name, tile)
			}
		}
	}
}

// TestInFront: of tiles that overlap the one with the higher z comes later.
func TestInFront(t *testing.T) {
	tiles := parsed(t, `{"name":"pip","layouts":[{"slots":[{"at":[0.7,0.7,0.25,0.25],"z":1},{"at":[0,0,1,1]}]}]}`).
		Place(image.Pt(1280, 720), []layout.Source{source("ada"), source("ben")})
	if len(tiles) != 2 || tiles[1].Source.Participant != "ada" {
		t.Errorf("%v", tiles)
	}
}

// TestErrors says where each fault is.
func TestErrors(t *testing.T) {
	slots := func(n int) string {
		return `{"name":"a","layouts":[{"slots":[` + strings.TrimSuffix(strings.Repeat(`{"at":[0,0,1,1]},`, n), ",") + `]}]}`
	}
	one := func(slot string) string { return `{"name":"a","layouts":[{"slots":[{"at":[0,0,1,1]` + slot + `}]}]}` }
	for _, x := range []struct{ text, path, says string }{
		{``, "", "no JSON"},
		{`{`, "", "no JSON"},
		{`{"name":"a","layouts":[]}`, "layouts", "take 1 to 32"},
		{slots(0), "layouts[0].slots", "take 1 to 64"},
		{slots(65), "layouts[0].slots", "take 1 to 64"},
		{slots(3000), "layouts[0].slots", "there are 3000"},
		{slots(2), "layouts[0].slots[1].at", "overlaps slots[0]"},
		{`{"name":"grid","layouts":[{"slots":[{"at":[0,0,1,1]}]}]}`, "name", "a layout of the server"},
		{`{"name":"A b","layouts":[{"slots":[{"at":[0,0,1,1]}]}]}`, "name", "is no name"},
		{`{"name":"a","layouts":[{"max":-1,"slots":[{"at":[0,0,1,1]}]}]}`, "layouts[0].max", "negative"},
		{`{"name":"a","layouts":[{"slots":[{"at":[0,0,-1,1]}]}]}`, "layouts[0].slots[0].at", "more than 0"},
		{`{"name":"a","layouts":[{"slots":[{"at":[0.5,0,0.6,1]}]}]}`, "layouts[0].slots[0].at", "outside"},
		{`{"name":"a","layouts":[{"slots":[{"at":[-0.1,0,0.6,1]}]}]}`, "layouts[0].slots[0].at", "outside"},
		{`{"name":"a","layouts":[{"slots":[{"at":["NaN",0,1,1]}]}]}`, "at", "no fraction"},
		{`{"name":"a","layouts":[{"slots":[{"at":["1/0",0,1,1]}]}]}`, "at", "divides by nothing"},
		{`{"name":"a","layouts":[{"slots":[{"at":["Inf",0,1,1]}]}]}`, "at", "no fraction"},
		{`{"name":"a","layouts":[{"slots":[{"at":[0,0,1]}]}]}`, "at", "left, top, width and height"},
		{one(`,"who":"host"`), "layouts[0].slots[0].who", "none of speaker"},
		{one(`,"who":"spotlight:0"`), "layouts[0].slots[0].who", "none of speaker"},
		{one(`,"fit":"stretch"`), "layouts[0].slots[0].fit", "none of contain, cover"},
		{one(`,"radius":-1`), "layouts[0].slots[0].radius", "not from 0"},
		{one(`,"colour":"red"`), "", `unknown field "colour"`},
		{one(`,"z":"x"`), "layouts.slots.z", "not what is expected"},
		{one(``) + "x", "", "more behind"},
		{strings.Repeat(" ", 1<<20), "", "the most"},
	} {
		_, err := template.Parse([]byte(x.text))
		all := template.Errors(err)
		if len(all) == 0 || all[0].Path != x.path || !strings.Contains(all[0].Text, x.says) {
			t.Errorf("%.80s: %v", x.text, err)
		}
	}
}

// TestRandom parses and places 10,000 templates of which many are nonsense: none crashes, no tile is
// beyond the canvas or odd, and no two of one z overlap.
func TestRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	number := func() string {
		return pick("0", "1", `"1/2"`, `"1/3"`, `"2/3"`, "0.25", "0.5", "-1", `"x"`, "1e9", `"1/0"`, "null", fmt.Sprint(r.Float64()))
	}
	taken := 0
	for range 10_000 {
		var groups []string
		for range r.IntN(3) {
			var slots []string
			for range r.IntN(5) {
				at := []string{number(), number(), number(), number()}
				if r.IntN(3) > 0 {
					x, y := r.Float64(), r.Float64()
					at = []string{fmt.Sprint(x), fmt.Sprint(y), fmt.Sprint((1 - x) * r.Float64()), fmt.Sprint((1 - y) * r.Float64())}
				}
				slots = append(slots, fmt.Sprintf(`{"at":[%s],"who":%q,"z":%d,"grid":%v}`, strings.Join(at, ","),
					pick("rest", "speaker|rest", "screen", "id:1", "role:x|pinned", "spotlight:1", "", "||", "rest"), r.IntN(4), r.IntN(4) == 0))
			}
			groups = append(groups, fmt.Sprintf(`{"max":%d,"slots":[%s]}`, r.IntN(6), strings.Join(slots, ",")))
		}
		all, err := template.Parse([]byte(`{"name":"x","layouts":[` + strings.Join(groups, ",") + `]}`))
		if err != nil {
			if len(template.Errors(err)) == 0 {
				t.Fatal("an error without a text")
			}
			continue
		}
		taken++
		checkTiles(t, r, &all[0])
	}
	if taken < 500 {
		t.Errorf("only %d are templates", taken)
	}
}

func checkTiles(t *testing.T, r *rand.Rand, tm *template.Template) {
	t.Helper()
	canvas := image.Pt(r.IntN(1920)+16, r.IntN(1080)+16)
	var who []layout.Source
	for i := range r.IntN(30) {
		who = append(who, source(fmt.Sprint(i), func(s *layout.Source) { s.Speaker = i == 3 }))
	}
	tiles := tm.Place(canvas, who)
	seen := map[layout.SourceID]bool{}
	for _, a := range tiles {
		if !a.Rect.In(image.Rectangle{Max: canvas}) || (a.Rect.Min.X|a.Rect.Min.Y|a.Rect.Max.X|a.Rect.Max.Y)&1 != 0 || a.Rect.Empty() {
			t.Fatalf("%v on %v", a, canvas)
		}
		if seen[a.Source] {
			t.Fatalf("%v has two tiles", a.Source)
		}
		seen[a.Source] = true
	}
	if svg := tm.SVG(); !strings.HasSuffix(string(svg), "</svg>") {
		t.Fatalf("%s", svg)
	}
	text, err := json.Marshal(tm)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := template.Parse(text); err != nil {
		t.Fatalf("what is written cannot be read: %v\n%s", err, text)
	}
}

// FuzzParse: what is taken can be placed, drawn and written.
func FuzzParse(f *testing.F) {
	f.Add([]byte(panel))
	f.Add([]byte(`[{"name":"a","layouts":[{"slots":[{"at":["1/3",0,"2/3",1],"z":2},{"at":[0,0,1,1]}]}]}]`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		all, err := template.Parse(data)
		if err != nil {
			return
		}
		for i := range all {
			all[i].Place(image.Pt(640, 360), []layout.Source{source("a"), source("b")})
			all[i].SVG()
		}
	})
}
