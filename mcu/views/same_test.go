package views_test

import (
	"image"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tilemix/mcu/views"
)

// TestRates has rates at which a clock draws the same pictures be one view, and every other rate one
// that can be read again.
func TestRates(t *testing.T) {
	for clock := 5; clock <= 60; clock++ {
		in := ground()
		in.FrameRate = clock
		keys := map[int]views.ViewKey{}
		for rate := 15; rate <= 60; rate++ {
			drawn := views.ViewKey{FrameRate: rate}.Every(clock)
			k := views.Wish{FPS: rate}.Key("", in)
			if got := k.Every(clock); got != drawn || drawn == 1 && k != (views.ViewKey{}) {
				t.Fatalf("%d of %d is drawn at one tick of %d, and its key %v of %d", rate, clock, drawn, k, got)
			}
			if before, ok := keys[drawn]; ok && before != k {
				t.Fatalf("%d of %d: one tick of %d is %v and %v", rate, clock, drawn, before, k)
			}
			keys[drawn] = k
			if again, err := views.Parse(k.String()); err != nil || again.Key("", in) != k {
				t.Fatalf("%d of %d: %v is read as %v, %v", rate, clock, k, again, err)
			}
		}
	}
	for _, c := range []struct{ rate, clock, want int }{
		{0, 30, 1}, {-1, 30, 1}, {30, 30, 1}, {60, 30, 1}, {25, 30, 1}, {20, 30, 2}, {15, 30, 2}, {15, 60, 4}, {20, 60, 3}, {15, 1, 1},
	} {
		if got := (views.ViewKey{FrameRate: c.rate}).Every(c.clock); got != c.want {
			t.Errorf("%d of %d is drawn at one tick of %d, not %d", c.rate, c.clock, got, c.want)
		}
	}
}

// TestPinnedLayouts says which layout a wish with pins has: participants that are pinned are large in
// each layout that every room has, and in a room's own layout only if the wish says so.
func TestPinnedLayouts(t *testing.T) {
	for _, c := range []struct{ room, wish, want string }{
		{"grid", "", ""},
		{"grid", "grid", ""},
		{"grid", "speaker", ""},
		{"grid", "screen", ""},
		{"grid", "stage", "stage"},
		{"speaker", "grid", ""},
		{"screen", "grid", ""},
		{"screen", "speaker", ""},
		{"stage", "", ""},
		{"stage", "stage", ""},
		{"stage", "grid", "speaker"},
		{"stage", "speaker", "speaker"},
		{"stage", "panel", "panel"},
	} {
		in := ground()
		in.Layout = c.room
		w := views.Wish{Layout: c.wish, Pin: []string{"ada"}}
		if k := w.Key("", in); k.Layout != c.want || k.Wish().Key("", in) != k {
			t.Errorf("in a room of %s, %s with a pin is %q and not %q", c.room, c.wish, k.Layout, c.want)
		}
		if w.Pin = []string{"gone"}; c.wish != c.room && w.Key("", in).Layout != c.wish {
			t.Errorf("in a room of %s, %s without who was pinned is %q", c.room, c.wish, w.Key("", in).Layout)
		}
	}
}

// TestSizes takes the sizes of canvases that encoders take, and no others.
func TestSizes(t *testing.T) {
	for canvas, want := range map[string]image.Point{
		"320x320": image.Pt(320, 320), "1920x1080": image.Pt(1920, 1080), "1080x1920": image.Pt(1080, 1920), "1440x1440": image.Pt(1440, 1440),
		"1280x720": {}, // as the room has it
	} {
		w := views.Wish{Canvas: canvas}
		if err := w.Check(); err != nil || w.Key("", ground()).Size != want {
			t.Errorf("%s: %v, %v", canvas, w.Key("", ground()).Size, err)
		}
	}
	for _, canvas := range []string{
		"318x320", "320x318", "1920x1082", "1922x320", "641x360", "640x361", "640", "x640", "640x", "640x360x2", "640X360", " 640x360", "640 x 360", "0x0",
		"99999999999999999999x360",
	} {
		if err := (views.Wish{Canvas: canvas}).Check(); err == nil {
			t.Errorf("%q is a canvas", canvas)
		}
	}
}

// TestIDs compares IDs in one text with the same in a slice.
func TestIDs(t *testing.T) {
	some := rapid.SampledFrom([]string{"a", "b", "ab", "ba", "abc", "c", "a-b", "a.b", "a:b"})
	rapid.Check(t, func(t *rapid.T) {
		given, probe := rapid.SliceOfN(some, 0, 9).Draw(t, "ids"), some.Draw(t, "probe")
		in := views.Defaults{Has: func(string) bool { return true }}
		ids := views.Wish{Pin: given}.Key("", in).Pinned
		var want []string
		for _, id := range given {
			if !slices.Contains(want, id) {
				want = append(want, id)
			}
		}
		if !slices.Equal(ids.All(), want) {
			t.Fatalf("%q has %q, not %q", ids, ids.All(), want)
		}
		if ids.Place(probe) != slices.Index(want, probe) || ids.Has(probe) != slices.Contains(want, probe) {
			t.Fatalf("%q is at place %d of %q", probe, ids.Place(probe), want)
		}
	})
	ids := views.IDs("ada,bob,cem")
	if n := testing.AllocsPerRun(100, func() { _ = ids.Has("cem") || ids.Has("nobody") }); n > 0 {
		t.Errorf("to look for an ID allocates %v times", n)
	}
}

// TestBounds takes as many participants and as long names as the limits allow, and no more.
func TestBounds(t *testing.T) {
	ids := func(n int) []string { return slices.Repeat([]string{"ada"}, n) }
	for name, c := range map[string]struct {
		wish views.Wish
		ok   bool
	}{
		"9 pins":       {views.Wish{Pin: ids(views.MaxPins)}, true},
		"10 pins":      {views.Wish{Pin: ids(views.MaxPins + 1)}, false},
		"64 hidden":    {views.Wish{Hide: ids(64)}, true},
		"65 hidden":    {views.Wish{Hide: ids(65)}, false},
		"long layout":  {views.Wish{Layout: strings.Repeat("x", 64)}, true},
		"longer":       {views.Wish{Layout: strings.Repeat("x", 65)}, false},
		"long pin":     {views.Wish{Pin: []string{strings.Repeat("x", 65)}}, false},
		"long hidden":  {views.Wish{Hide: []string{strings.Repeat("x", 65)}}, false},
		"long follow":  {views.Wish{Follow: strings.Repeat("x", 65)}, false},
		"comma":        {views.Wish{Pin: []string{"a,b"}}, false},
		"comma hidden": {views.Wish{Hide: []string{"a,b"}}, false},
		"long overlay": {views.Wish{Overlays: strings.Repeat("x", 65)}, false},
		"15 fps":       {views.Wish{FPS: 15}, true},
		"60 fps":       {views.Wish{FPS: 60}, true},
		"61 fps":       {views.Wish{FPS: 61}, false},
		"-1 fps":       {views.Wish{FPS: -1}, false},
	} {
		if err := c.wish.Check(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestIsZero has every field count, by itself.
func TestIsZero(t *testing.T) {
	if !(views.Wish{}).IsZero() || !(views.Wish{Pin: []string{}, Hide: []string{}}).IsZero() {
		t.Error("the zero wish is not the room's view")
	}
	for _, w := range []views.Wish{
		{Layout: "grid"}, {Pin: people[:1]}, {Hide: people[:1]}, {HideWithoutVideo: views.Always}, {Self: "show"}, {Canvas: "640x360"}, {Overlays: "none"}, {FPS: 15}, {Follow: "ada"},
	} {
		read, err := views.Parse(w.String())
		if w.IsZero() || err != nil || read.IsZero() {
			t.Errorf("%+v is the room's view, or %q is: %v", w, w, err)
		}
	}
}
