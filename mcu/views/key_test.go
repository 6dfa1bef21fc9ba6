package views_test

import (
	"encoding/json"
	"errors"
	"image"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tilemix/mcu/views"
)

// people are those who are in the rooms of these tests.
var people = []string{"ada", "bob", "cem", "dora"}

func ground() views.Defaults {
	return views.Defaults{
		Layout: "grid", Size: image.Pt(1280, 720), FrameRate: 30,
		Has: func(id string) bool { return slices.Contains(people, id) },
		Overlays: func(name string) string {
			if name == "gone" {
				return ""
			}
			return name
		},
	}
}

// wishes are valid wishes, some of which name participants that are not there.
func wishes() *rapid.Generator[views.Wish] {
	ids := rapid.SliceOfN(rapid.SampledFrom(append([]string{"gone"}, people...)), 0, 5)
	return rapid.Custom(func(t *rapid.T) views.Wish {
		return views.Wish{
			Layout: rapid.SampledFrom([]string{"", "grid", "speaker", "screen"}).Draw(t, "layout"),
			Pin:    ids.Draw(t, "pin"), Hide: ids.Draw(t, "hide"),
			HideWithoutVideo: rapid.SampledFrom([]views.Without{"", "never", views.WhenOthersHave, views.Always}).Draw(t, "without"),
			Self:             rapid.SampledFrom([]string{"", "show", "leave-out"}).Draw(t, "self"),
			Canvas:           rapid.SampledFrom([]string{"", "1280x720", "720x1280", "640x360"}).Draw(t, "canvas"),
			FPS:              rapid.SampledFrom([]int{0, 15, 30, 60}).Draw(t, "fps"),
			Overlays:         rapid.SampledFrom([]string{"", "none", "air", "gone"}).Draw(t, "overlays"),
		}
	})
}

// TestCanonical has a key give a wish and a text that give the key again, and what gives the same
// picture give the same key.
func TestCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, self := wishes().Draw(t, "wish"), rapid.SampledFrom(append([]string{""}, people...)).Draw(t, "self")
		if err := w.Check(); err != nil {
			t.Fatal(err)
		}
		k := w.Key(self, ground())
		if again := k.Wish().Key("", ground()); again != k {
			t.Fatalf("%v gives %q, and that %q", w, k, again)
		}
		for _, text := range []string{k.String(), w.String()} {
			read, err := views.Parse(text)
			if err != nil || read.Key(self, ground()) != k {
				t.Fatalf("%q is read as %+v, %v", text, read, err)
			}
		}
		same := w
		same.Hide = append(slices.Clone(w.Hide), w.Pin...) // a pin wins
		slices.Reverse(same.Hide)
		same.Pin = append(slices.Clone(w.Pin), w.Pin...)
		if len(same.Pin) > views.MaxPins {
			return
		}
		if got := same.Key(self, ground()); got != k {
			t.Fatalf("%+v gives %q and %+v %q", w, k, same, got)
		}
		for _, id := range append(k.Pinned.All(), k.Hidden.All()...) {
			if !slices.Contains(people, id) || k.Pinned.Has(id) == k.Hidden.Has(id) {
				t.Fatalf("%q has %q", k, id)
			}
		}
	})
}

// TestEqualWishes has wishes that give the room's picture be the room's view, and the order of pins
// count.
func TestEqualWishes(t *testing.T) {
	for _, text := range []string{
		"", "room", "grid", "{}", `{"layout":"grid","canvas":"1280x720","fps":30}`, `{"pin":["gone"],"hide":["gone"]}`, `{"fps":60,"self":"show"}`, `{"overlays":"gone"}`,
	} {
		w, err := views.Parse(text)
		if k := w.Key("ada", ground()); err != nil || k != (views.ViewKey{}) {
			t.Errorf("%s is %q, %v", text, k, err)
		}
	}
	one, other := views.Wish{Pin: []string{"ada", "bob"}}, views.Wish{Pin: []string{"bob", "ada"}}
	if one.Key("", ground()) == other.Key("", ground()) {
		t.Error("pins have no order")
	}
	if k := one.Key("", ground()); k.Pinned.Place("bob") != 1 || k.Pinned.Place("a") != -1 || k.Pinned.Has("ad") || k.Pinned.Has("") {
		t.Errorf("pinned are %q", k.Pinned)
	}
	hide, out := views.Wish{Hide: []string{"ada"}}, views.Wish{Self: "leave-out"}
	if hide.Key("bob", ground()) != out.Key("ada", ground()) || out.Key("watcher", ground()) != (views.ViewKey{}) {
		t.Error("to leave oneself out is not to hide oneself")
	}
}

// TestNames reads names, and a name inside JSON, and writes them.
func TestNames(t *testing.T) {
	for _, name := range []string{"room", "grid", "speaker", "portrait", "grid-portrait"} {
		w, err := views.Parse(name)
		if err != nil || w.String() != name {
			t.Errorf("%s is %q, %v", name, w, err)
		}
		var in struct{ View views.Wish }
		if err := json.Unmarshal([]byte(`{"view":"`+name+`"}`), &in); err != nil || in.View.String() != name {
			t.Errorf("%s in JSON is %q, %v", name, in.View, err)
		}
	}
	w, _ := views.Parse("portrait")
	if k := w.Key("", ground()); k.Size != image.Pt(720, 1280) || k.Layout != "speaker" {
		t.Errorf("portrait is %+v", k)
	}
}

// TestInvalid refuses what is no wish, and says what would be.
func TestInvalid(t *testing.T) {
	many := `["` + strings.Repeat(`a","`, 9) + `b"]`
	for text, says := range map[string]string{
		`{"pin":` + many + `}`: "10 participants", `{"pin":["<b>"]}`: "neither", `{"hideWithoutVideo":"maybe"}`: "when-others-have",
		`{"self":"mirror"}`: "leave-out", `{"fps":14}`: "15 to 60", `{"fps":NaN}`: "invalid", `{"canvas":"1281x720"}`: "WIDTHxHEIGHT",
		`{"canvas":"1920x1922"}`: "WIDTHxHEIGHT", `{"canvas":"-720x720"}`: "WIDTHxHEIGHT", `{"canvas":"16x9"}`: "WIDTHxHEIGHT",
		`{"canvas":"x"}`: "WIDTHxHEIGHT", `{"size":3}`: "unknown field", `{`: "unexpected", "lay out": "neither", strings.Repeat("x", 65): "neither",
		`{"pin":3}`: "cannot unmarshal",
	} {
		if _, err := views.Parse(text); !errors.Is(err, views.ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

// FuzzParse reads any text: what is read is written and read again.
func FuzzParse(f *testing.F) {
	f.Add(`{"layout":"speaker","pin":["ada"],"hide":["bob"],"canvas":"720x1280","fps":15,"self":"leave-out"}`)
	f.Add("portrait")
	f.Fuzz(func(t *testing.T, text string) {
		w, err := views.Parse(text)
		if err != nil {
			return
		}
		again, err := views.Parse(w.String())
		if err != nil || again.Key("ada", ground()) != w.Key("ada", ground()) {
			t.Errorf("%q is %q: %v", text, w, err)
		}
	})
}
