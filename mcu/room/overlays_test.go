package room

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/overlay"
	"tilemix/mcu/policy"
	"tilemix/mcu/rules"
	"tilemix/mixer/motion"
)

// TestOverlays has a host and a program change what the picture shows.
func TestOverlays(t *testing.T) {
	in(t, 25, func(c *call) {
		host, ben := c.host(), c.join("Ben", false)
		host.Handle(control.Overlays{Banner: control.Banner{Text: "Hello"}, LowerThird: "speaker", Rec: true})
		ben.Handle(control.Overlays{Banner: control.Banner{Text: "I was here"}})
		c.settle()
		if o := &c.Scene().Overlays; o.Room != c.Name() {
			t.Errorf("a waiting picture would say %q", o.Room)
		}
		c.Govern(rules.Terms{Title: "All hands"})
		host.Handle(control.Overlays{Banner: control.Banner{Text: "Hello"}, LowerThird: "speaker", Rec: true, Waiting: control.Poster{When: "pictures"}})
		c.settle()
		o := &c.Scene().Overlays
		if o.Room != "All hands" || !o.Waits(1, false) || o.Waits(1, true) {
			t.Errorf("the waiting picture is of %q", o.Room)
		}
		if o.Set == nil || o.Set.Banner.Text != "Hello" || o.Began.IsZero() {
			t.Fatalf("the picture shows %+v", o)
		}
		host.Handle(control.Overlays{Clock: "sun"})
		c.settle()
		if e, n := last[control.Error](host); n != 1 || c.Scene().Overlays.Set.Banner.Text != "Hello" {
			t.Errorf("what cannot be is %+v", e)
		}
		title, id := "Carpenter", person(t, host, "Ben").ID
		host.Handle(control.Set{ID: id, Title: &title})
		reporter{c.Room}.FloorChanged([]string{id}, id)
		c.settle()
		if p := c.Scene().Overlays.Caption; p.Name != "Ben" || p.Title != "Carpenter" {
			t.Errorf("the lower third of the speaker is %+v", p)
		}
		host.Handle(control.LowerThird{ID: person(t, host, "Host").ID})
		c.Handle().NotifyRecordings([]control.Recording{{ID: "r", State: "recording"}})
		c.EndsAt(time.Now().Add(time.Hour), false)
		c.settle()
		if o := &c.Scene().Overlays; o.Caption.Name != "Host" || !o.Recorded || o.Ends.IsZero() {
			t.Errorf("the picture shows %+v", o)
		}
		c.EndsAt(time.Now().Add(time.Minute), true)
		c.settle()
		if c.Scene().Overlays.Stops.IsZero() {
			t.Error("the picture does not say that the server stops")
		}
		c.EndsAt(time.Time{}, true)
		c.settle()
		if !c.Scene().Overlays.Stops.IsZero() {
			t.Error("the picture says that a server stops that goes on")
		}
		set, err := overlay.Compile(control.Overlays{Clock: "elapsed"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Handle().SetOverlays(policy.Grant{Role: policy.Viewer}, set); err == nil {
			t.Error("a viewer changes the picture")
		}
		if err := c.Handle().SetOverlays(policy.Grant{Role: policy.Host}, set); err != nil || c.Handle().Overlays().Own != set {
			t.Errorf("a program changes the picture: %v", err)
		}
	})
}

// TestTransitionTold has clients be told how tiles move, as the server has it or as a host does.
func TestTransitionTold(t *testing.T) {
	in(t, 25, func(c *call) {
		host := c.host()
		c.loop.overlays.state.Usual = motion.Transition{Length: 250 * time.Millisecond}
		for i, said := range []*control.Transition{nil, {MS: 400}, {}} {
			host.Handle(control.Overlays{Transition: said})
			c.join("Ben", false)
			c.pass(time.Second)
			got, _ := last[control.Layout](host)
			if want := []int{250, 400, 0}[i]; got.Transition == nil != (want == 0) || want > 0 && got.Transition.MS != want {
				t.Errorf("clients are told %+v, want %d ms", got.Transition, want)
			}
		}
		host.Handle(control.Overlays{Transition: &control.Transition{MS: 2001}})
		c.settle()
		if _, n := last[control.Error](host); n != 1 {
			t.Error("tiles move for more than 2 s")
		}
	})
}

// TestReactions has a participant react a thousand times at once, write meanwhile, and raise its hand and speak.
func TestReactions(t *testing.T) {
	in(t, 25, func(c *call) {
		ada, ben := c.join("Ada", false), c.join("Ben", false)
		for range 1000 {
			ada.Handle(control.React{Reaction: "party"})
		}
		ada.Handle(control.SendChat{Text: "hello"})
		c.settle()
		if _, n := last[control.Reaction](ben); n != 3 {
			t.Errorf("Ben is told of %d reactions, want 3", n)
		}
		if m, n := last[control.Error](ada); n != 997 || !strings.Contains(m.Error, "too many reactions") {
			t.Errorf("Ada is refused %d reactions with %+v, want 997", n, m)
		}
		if m, _ := last[control.Chat](ben); m.Text != "hello" {
			t.Errorf("Ben reads %+v", m)
		}
		m := &c.Scene().Members[0]
		if m.Reaction != "🎉" || !m.Reacting(m.Reacted.Add(2999*time.Millisecond)) || m.Reacting(m.Reacted.Add(3*time.Second)) {
			t.Errorf("Ada's tile shows %q since %v", m.Reaction, m.Reacted)
		}

		id := person(t, ben, "Ada").ID
		ada.Handle(control.Hand{Raised: true})
		speak := func(ids ...string) { reporter{c.Room}.FloorChanged(slices.Clone(ids), "") }
		speak(id)
		c.pass(3 * time.Second)
		speak()
		c.pass(10 * time.Second)
		if person(t, ben, "Ada").Hand != 1 {
			t.Error("the hand is lowered before 5 s of speech")
		}
		speak(id)
		c.pass(1900 * time.Millisecond)
		if person(t, ben, "Ada").Hand != 1 {
			t.Error("the hand is lowered before 5 s of speech in two parts")
		}
		c.pass(500 * time.Millisecond)
		if person(t, ben, "Ada").Hand != 0 {
			t.Error("the hand stays up after 5 s of speech")
		}
		ada.Handle(control.Hand{Raised: true})
		c.pass(2 * time.Second)
		if person(t, ben, "Ada").Hand != 1 {
			t.Error("a hand that is raised again is lowered at once")
		}
	})
}
