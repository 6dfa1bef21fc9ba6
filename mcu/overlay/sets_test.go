package overlay_test

import (
	"errors"
	"fmt"
	"image"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/overlay"
	"tilemix/mixer/motion"
)

// compile returns settings that were checked.
func compile(t *testing.T, s control.Overlays) *overlay.Set {
	t.Helper()
	set, err := overlay.Compile(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// with returns Sets with others.
func with(t *testing.T, s overlay.Sets, all ...control.Overlays) overlay.Sets {
	t.Helper()
	for _, o := range all {
		var err error
		if s, err = s.With(compile(t, o)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestCanonicalNames has overlays that show the same have one name.
func TestCanonicalNames(t *testing.T) {
	logo := control.Logo{Picture: file(t, image.Pt(64, 32), "png")}
	moves := func() *control.Transition { return &control.Transition{MS: 300} }
	all := with(t, overlay.Sets{},
		control.Overlays{Clock: "time", Transition: moves()},
		control.Overlays{Name: "zoo", Logo: logo}, control.Overlays{Name: "air", Logo: logo}, control.Overlays{Name: "own", Clock: "time", Transition: moves()},
		control.Overlays{Name: "rec", Rec: true}, control.Overlays{Name: "gone", Rec: true}, control.Overlays{Name: "gone"},
	)
	for name, want := range map[string]string{"": "", "none": "none", "zoo": "air", "air": "air", "own": "", "rec": "rec", "gone": "", "never": ""} {
		if got := all.Canonical(name); got != want {
			t.Errorf("%q is %q, not %q", name, got, want)
		}
		if has := name != "gone" && name != "never"; all.Has(name) != has {
			t.Errorf("%q can be chosen: %v", name, !has)
		}
	}
	if got := with(t, overlay.Sets{}, control.Overlays{Name: "a", Rec: true}); got.Canonical("none") != "" || got.Canonical("a") != "a" {
		t.Error("in a room that shows nothing, none is no other view")
	}
	if next, err := overlay.Compile(control.Overlays{Name: "b", Logo: control.Logo{Picture: all.Of("zoo").Logo.Picture}}, all.Pictures()); err != nil || next.Logo.Picture != all.Of("air").Logo.Picture {
		t.Errorf("a picture of another one: %v", err)
	}
}

// TestSetsBounds has a room have a few names, of letters that are no markup.
func TestSetsBounds(t *testing.T) {
	all := overlay.Sets{}
	for i := range 8 {
		all = with(t, all, control.Overlays{Name: fmt.Sprint("n", i), Rec: true})
	}
	before := all
	if _, err := all.With(compile(t, control.Overlays{Name: "more", Rec: true})); !errors.Is(err, overlay.ErrBad) {
		t.Errorf("a ninth: %v", err)
	}
	all = with(t, all, control.Overlays{Name: "n3", Clock: "time"}, control.Overlays{Name: "n4"}, control.Overlays{Name: "more", Rec: true}, control.Overlays{Rec: true})
	if all.Of("n3").Clock != "time" || all.Of("n4") != nil || len(all.All()) != 9 || before.Of("n3").Clock != "" || len(before.All()) != 8 {
		t.Error("changes are not what they are to be, or change what was before")
	}
	for _, name := range []string{"none", "<b>", "A", "a b", "über", "a\x00", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"} {
		if _, err := overlay.Compile(control.Overlays{Name: name, Rec: true}, nil); !errors.Is(err, overlay.ErrBad) {
			t.Errorf("%q is a name", name)
		}
	}
}

// TestCaptions shows the lower third of a participant that speaks only where it is to be, and one on
// command everywhere.
func TestCaptions(t *testing.T) {
	now := time.Now()
	speaks, silent := compile(t, control.Overlays{LowerThird: "speaker"}), compile(t, control.Overlays{Rec: true})
	for i, c := range []struct {
		set   *overlay.Set
		spoke bool
		want  string
	}{{speaks, true, "Ada"}, {silent, true, ""}, {silent, false, "Ada"}, {nil, false, ""}} {
		s := overlay.State{Set: c.set, Caption: overlay.Caption{Name: "Ada", Since: now, Spoke: c.spoke}}
		var f overlay.Frame
		if got := f.At(s, now).Name; got != c.want || s.Changes(now).IsZero() != (c.want == "") {
			t.Errorf("case %d shows %q, not %q", i, got, c.want)
		}
	}
}

// TestTransitions has tiles move as the Set says, or as usual.
func TestTransitions(t *testing.T) {
	usual := motion.Transition{Length: time.Second}
	for want, s := range map[time.Duration]*control.Transition{time.Second: nil, 0: {}, 40 * time.Millisecond: {MS: 40}} {
		state := overlay.State{Usual: usual, Set: compile(t, control.Overlays{Transition: s})}
		if got := state.Transition().Length; got != want {
			t.Errorf("tiles move for %v, not %v", got, want)
		}
		if told := state.Told(); (told == nil) != (want == 0) || told != nil && told.MS != int(want.Milliseconds()) {
			t.Errorf("clients are told %+v of %v", told, want)
		}
	}
}

// TestPosters has a waiting picture be there where a Set says so, with the words that it is to have.
func TestPosters(t *testing.T) {
	backdrop := control.Background{Picture: file(t, image.Pt(64, 32), "png")}
	picture := file(t, image.Pt(32, 32), "jpeg")
	for name, c := range map[string]struct {
		poster        control.Poster
		heading, note string
		own           bool // the picture is not the background
	}{
		"the room's name": {control.Poster{When: "empty"}, "demo", "", false},
		"a title":         {control.Poster{When: "empty", Title: "Soon", Text: "At nine"}, "Soon", "At nine", false},
		"a text alone":    {control.Poster{When: "pictures", Text: "At nine"}, "demo", "At nine", false},
		"a picture alone": {control.Poster{When: "pictures", Picture: picture}, "", "", true},
		"all":             {control.Poster{When: "pictures", Picture: picture, Title: "Soon"}, "Soon", "", true},
	} {
		set := compile(t, control.Overlays{Background: backdrop, Waiting: c.poster})
		if again := compile(t, set.Whole()).Waiting; again.Text != c.poster.Text || (again.Picture != "") != c.own {
			t.Errorf("%s: after a file it is %+v", name, again)
		}
		var f overlay.Frame
		state := overlay.State{Set: set, Room: "demo"}
		usual := f.At(state, time.Unix(1, 0))
		state.Waiting = true
		waits := f.At(state, time.Unix(1, 0))
		if usual.Heading != "" || usual.Note != "" || usual.Backdrop == nil {
			t.Errorf("%s: with tiles there is %+v", name, usual)
		}
		if waits.Heading != c.heading || waits.Note != c.note || waits.Backdrop == nil || (waits.Backdrop != usual.Backdrop) != c.own {
			t.Errorf("%s: it says %q and %q", name, waits.Heading, waits.Note)
		}
	}
	for when, want := range map[string][4]bool{"": {}, "empty": {true, false, false, false}, "pictures": {true, true, false, true}} {
		s := overlay.State{Set: compile(t, control.Overlays{Rec: true, Waiting: control.Poster{When: when}})}
		got := [4]bool{s.Waits(0, false), s.Waits(3, false), s.Waits(3, true), s.Waits(1, false)}
		if got != want {
			t.Errorf("%q: %v, not %v", when, got, want)
		}
	}
	none := overlay.State{}
	if none.Waits(0, false) {
		t.Error("without overlays there is a waiting picture")
	}
}
