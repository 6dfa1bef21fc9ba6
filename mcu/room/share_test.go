package room

import (
	"slices"
	"testing"
	"time"

	"tilemix/codec/pcm"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/media"
	"tilemix/mcu/policy"
	"tilemix/mcu/scene"
	"tilemix/mixer/layout"
)

// slide returns whose screen the room sees, and the share of the canvas that its tile has; "" is
// nobody's.
func slide(s *scene.Scene) (id string, part float64) {
	for i, src := range s.Sources {
		if r := s.Views[0].Places[i].Rect; src.ID.Kind == layout.Screen && !r.Empty() {
			size := s.Views[0].Size
			return src.ID.Participant, float64(r.Dx()*r.Dy()) / float64(size.X*size.Y)
		}
	}
	return "", 0
}

// TestShare has a participant share a screen: it is seen large beside all cameras, the others are
// told, and when it ends the layout is as before.
func TestShare(t *testing.T) {
	in(t, 25, func(c *call) {
		ada, ben := c.join("Ada", false), c.join("Ben", false)
		camera, _ := c.plays(ada.PlayVideo)
		s, played := c.plays(ada.PlayScreen)
		now := c.Scene()
		id, part := slide(now)
		if id != ada.session.PublicID() || part < .75 || len(now.Sources) != 3 || !now.Members[0].Screen || now.Members[1].Screen {
			t.Errorf("the screen of %q has %.2f of the canvas, of %d sources", id, part, len(now.Sources))
		}
		if now.Sources[0].Camera == nil || now.Sources[0].ID.Kind != layout.Camera || now.Views[0].Places[0].Rect.Empty() || now.Views[0].Places[2].Rect.Empty() {
			t.Error("a camera has gone")
		}
		c.settle()
		l, _ := last[control.Layout](ben)
		if p, _ := last[control.Participants](ben); l.Name != "screen" || !l.Tiles[1].Screen || l.Tiles[1].ID != id || !p.Participants[0].Screen {
			t.Errorf("Ben was told %+v and %+v", l, p)
		}
		close(s)
		played.Wait()
		c.settle()
		if id, _ := slide(c.Scene()); id != "" || c.Scene().Sources[0].Camera == nil {
			t.Error("the screen stays, or the camera has gone with it")
		}
		if l, _ := last[control.Layout](ben); l.Name != "grid" || len(l.Tiles) != 2 {
			t.Errorf("Ben was told %+v", l)
		}
		if !slices.Contains(c.events, event.ScreenStarted) || !slices.Contains(c.events, event.ScreenStopped) {
			t.Errorf("the outside was told %v", c.events)
		}
		close(camera)
	})
}

// TestShares has two share: the newest is seen, or the one that a host puts in front. A layout that
// is chosen meanwhile puts the screen aside until the next one.
func TestShares(t *testing.T) {
	in(t, 25, func(c *call) {
		ada, ben := c.joinWith("Ada", false, policy.Grant{Role: policy.Host}), c.join("Ben", false)
		one, _ := c.plays(ada.PlayScreen)
		defer close(one)
		two, played := c.plays(ben.PlayScreen)
		expect := func(what, who string, large bool) {
			t.Helper()
			c.settle()
			if id, part := slide(c.Scene()); id != who || (part > .75) != large {
				t.Errorf("%s: %q is seen, with %.2f of the canvas", what, id, part)
			}
		}
		a, b, on := ada.session.PublicID(), ben.session.PublicID(), true
		expect("the newest", b, true)
		ada.Handle(control.Set{ID: a, Spotlight: &on})
		expect("whom a host puts in front", a, true)
		ada.Handle(control.ChooseLayout{Name: "grid"})
		expect("aside", a, false)
		ada.Handle(control.ChooseLayout{Name: "screen"})
		expect("in front again", a, true)
		close(two)
		played.Wait()
		expect("the other", a, true)
	})
}

// TestShareStorm has a participant share and end it again and again: the picture changes for all
// only now and then.
func TestShareStorm(t *testing.T) {
	in(t, 25, func(c *call) {
		ada := c.join("Ada", false)
		began := time.Now()
		for range 50 {
			s, played := c.plays(ada.PlayScreen)
			time.Sleep(50 * time.Millisecond)
			close(s)
			played.Wait()
			time.Sleep(50 * time.Millisecond)
		}
		c.settle()
		n := 0
		for _, e := range c.events {
			if e == event.ScreenStarted {
				n++
			}
		}
		if most := shareBurst + int(time.Since(began)/shareEvery) + 1; n < shareBurst || n > most {
			t.Errorf("%d of 50 screens came into view, %d may", n, most)
		}
		s, _ := c.plays(ada.PlayScreen)
		defer close(s)
		time.Sleep(shareEvery)
		c.settle()
		if id, _ := slide(c.Scene()); id == "" {
			t.Error("the screen that stays is not seen")
		}
	})
}

// TestShareForbidden: the screen of a participant without the right is not seen, and it is told so.
func TestShareForbidden(t *testing.T) {
	in(t, 25, func(c *call) {
		rights, err := policy.ParseRights([]string{"watch", "publish.audio", "publish.video"})
		if err != nil {
			t.Fatal(err)
		}
		ada := c.joinWith("Ada", false, policy.Grant{Rights: rights})
		s, _ := c.plays(ada.PlayScreen)
		defer close(s)
		if id, _ := slide(c.Scene()); id != "" || len(c.Scene().Sources) != 1 {
			t.Error("a screen is seen that may not be")
		}
		if e, n := last[control.Error](ada); n == 0 || e.Code != "forbidden" {
			t.Errorf("its sender is told %+v", e)
		}
	})
}

// tone is a microphone that says a value.
type tone struct {
	media.Microphone
	value float32
	level uint8
	ok    bool
}

func (s tone) Pull(dst *pcm.Block, _ time.Time) (uint8, bool) {
	for i := range dst {
		dst[i] = s.value
	}
	return s.level, s.ok
}

// TestMixed adds the sound of a screen to a microphone, which may be muted or missing.
func TestMixed(t *testing.T) {
	mic, screen := tone{value: .5, level: 30, ok: true}, tone{value: .25, level: 20, ok: true}
	for _, tt := range []struct {
		what  string
		mixed mixed
		value float32
		level uint8
		ok    bool
	}{
		{"both", mixed{mic: mic, screen: screen}, .75, 20, true},
		{"muted", mixed{mic: mic, screen: screen, muted: true}, .25, 20, true},
		{"no microphone", mixed{screen: screen}, .25, 20, true},
		{"a silent screen", mixed{mic: mic, screen: tone{}}, .5, 30, true},
		{"a silent microphone", mixed{mic: tone{value: 9}, screen: screen}, .25, 20, true},
		{"none", mixed{mic: tone{}, screen: tone{}}, 0, 0, false},
	} {
		var got pcm.Block
		level, ok := tt.mixed.Pull(&got, time.Time{})
		if got[0] != tt.value || level != tt.level || ok != tt.ok {
			t.Errorf("%s: %v, level %d, %v", tt.what, got[0], level, ok)
		}
		if n := testing.AllocsPerRun(10, func() { tt.mixed.Pull(&got, time.Time{}) }); n > 0 {
			t.Errorf("%s: %v allocations a block", tt.what, n)
		}
	}
}

// TestShareInLayout: a room keeps a layout of the operator's that has a place for screens.
func TestShareInLayout(t *testing.T) {
	own := layout.Layout{Name: "own", TakesScreen: true, Place: layout.Grid}
	g := stage{layout: "own", layouts: func(name string) (layout.Layout, bool) {
		if name == own.Name {
			return own, true
		}
		return layout.ByName(name)
	}}
	if g.show("ada", 1); g.name() != "own" {
		t.Errorf("the layout is %s", g.name())
	}
	if own.TakesScreen = false; g.name() != screenLayout {
		t.Errorf("the layout is %s", g.name())
	}
}
