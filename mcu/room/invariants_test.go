package room

import (
	"errors"
	"fmt"
	"image"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/media"
	"tilemix/mcu/presence"
	"tilemix/mcu/scene"
	"tilemix/mcu/session"
)

// step is one thing that happens in a room, to the member of an index.
type step struct {
	what string
	of   int
}

// steps are what a property test draws from. Joins come twice, so that rooms fill.
var steps = []string{
	"join", "join", "view", "leave", "mute", "unmute", "grid", "speaker", "heap", "chat",
	"speak", "silence", "disconnect", "connect", "goodbye", "attach", "detach", "settle",
}

func drawSteps(t *rapid.T) []step {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{rapid.SampledFrom(steps).Draw(t, "what"), rapid.IntRange(0, 7).Draw(t, "of")}
	}), 1, 40).Draw(t, "steps")
}

// model is what a room must be like after some steps.
type model struct {
	*call
	cursor *scene.Cursor
	here   []*guest
	sinks  []*sinkEnd
	gone   map[string]int // how often a scene said that a participant left
	joined int
	left   int
}

// sinkEnd is a sink and how to detach it.
type sinkEnd struct {
	ends
	detach func()
}

func (m *model) pick(s step) *guest {
	if len(m.here) == 0 {
		return nil
	}
	return m.here[s.of%len(m.here)]
}

// do carries a step out.
func (m *model) do(s step) {
	switch s.what {
	case "join", "view":
		if len(m.here) < 10 {
			m.joined++
			m.here = append(m.here, m.join(fmt.Sprintf("P%d", m.joined), s.what == "view"))
		}
		return
	case "settle":
		m.settle()
		return
	case "attach":
		k := &sinkEnd{}
		k.detach, _ = m.Handle().Attach(k, media.SinkOptions{})
		m.sinks = append(m.sinks, k)
		return
	case "detach":
		if len(m.sinks) > 0 {
			m.sinks[s.of%len(m.sinks)].detach()
		}
		return
	}
	if g := m.pick(s); g != nil {
		m.act(g, s.what)
	}
}

// act has a participant do something, or something happen to it.
func (m *model) act(g *guest, what string) {
	id := g.session.PublicID()
	switch what {
	case "leave":
		g.Leave()
		m.lost(g)
	case "goodbye":
		g.Lose(0, true) // it cannot come back
		m.lost(g)
	case "mute", "unmute":
		g.Handle(control.Mute{AudioMuted: what == "mute", VideoMuted: what == "mute"})
	case "grid", "speaker", "heap":
		g.Handle(control.ChooseLayout{Name: what})
	case "chat":
		g.Handle(control.SendChat{Text: "hello"})
	case "speak":
		reporter{m.Room}.FloorChanged([]string{id}, id)
	case "silence":
		reporter{m.Room}.FloorChanged(nil, "")
	case "disconnect":
		m.call.call(func() { m.loop.disconnected(g.member, true) })
	case "connect":
		m.call.call(func() { m.loop.connected(g.member) })
	}
}

func (m *model) lost(g *guest) {
	m.left++
	m.here = slices.DeleteFunc(m.here, func(o *guest) bool { return o == g })
}

// check walks to the newest scene and returns what is wrong with any on the way.
func (m *model) check() error {
	m.call.call(func() {}) // what was posted before has run
	synctest.Wait()
	for m.cursor.Next() {
		s := m.cursor.Scene()
		for _, d := range s.Departed {
			if d.Left {
				m.gone[d.ID]++
			}
		}
		if err := faultOf(s, m.env.MaxTiles); err != nil {
			return err
		}
	}
	s := m.cursor.Scene()
	if len(s.Members) != len(m.here) {
		return fmt.Errorf("the scene has %d members, the room %d", len(s.Members), len(m.here))
	}
	for i, g := range m.here {
		if s.Members[i].ID != g.session.PublicID() || s.Members[i].Name != g.session.Name {
			return fmt.Errorf("member %d is %s, not %s", i, s.Members[i].Name, g.session.Name)
		}
	}
	if len(m.gone) != m.left {
		return fmt.Errorf("%d participants left, scenes have %d", m.left, len(m.gone))
	}
	for id, n := range m.gone {
		if n != 1 {
			return fmt.Errorf("%s left %d times", id, n)
		}
	}
	return nil
}

// faultOf returns what is wrong with a scene of a room that has so many tiles.
func faultOf(s *scene.Scene, tiles int) error {
	if len(s.Views) != 1 || len(s.Listeners) != len(s.Members) {
		return fmt.Errorf("%d views, %d listeners for %d members", len(s.Views), len(s.Listeners), len(s.Members))
	}
	viewers := 0
	for i, m := range s.Members {
		if m.Viewer {
			viewers++
		}
		if s.Listeners[i].ID != m.ID || s.Listeners[i].Muted != m.Muted {
			return fmt.Errorf("listener %d is not member %s", i, m.Name)
		}
	}
	view := s.Views[0]
	if len(s.Sources) != len(s.Members)-viewers || len(view.Places) != len(s.Sources) {
		return fmt.Errorf("%d members, %d viewers: %d sources, %d places", len(s.Members), viewers, len(s.Sources), len(view.Places))
	}
	return placed(s, view, tiles)
}

// placed returns what is wrong with the places of a view.
func placed(s *scene.Scene, view scene.View, tiles int) error {
	canvas, hidden, before := image.Rectangle{Max: view.Size}, 0, -1
	var seen []image.Rectangle
	for i, p := range view.Places {
		of := s.Sources[i].Member
		if of <= before || s.Members[of].ID != s.Sources[i].ID.Participant || s.Members[of].Viewer {
			return fmt.Errorf("source %d is said to be of member %d", i, of)
		}
		before = of
		hidden += p.Hidden
		if p.Rect.Empty() {
			if p.Hidden > 0 {
				return errors.New("a source without a place says how many are hidden")
			}
			continue
		}
		if !p.Rect.In(canvas) || (p.Rect.Min.X|p.Rect.Min.Y|p.Rect.Dx()|p.Rect.Dy())&1 != 0 {
			return fmt.Errorf("the place %v is odd, or not on the canvas", p.Rect)
		}
		if slices.ContainsFunc(seen, p.Rect.Overlaps) {
			return fmt.Errorf("the place %v overlaps another", p.Rect)
		}
		seen = append(seen, p.Rect)
	}
	if len(seen) > tiles || hidden > 0 && len(seen) != tiles || len(seen)+hidden > len(s.Sources) {
		return fmt.Errorf("%d of %d sources are seen on %d tiles, %d are hidden", len(seen), len(s.Sources), tiles, hidden)
	}
	return nil
}

// finish ends the room and returns what is wrong with how it ended.
func (m *model) finish(running *sync.WaitGroup) error {
	m.end()
	running.Wait()
	if m.call.left != m.joined {
		return fmt.Errorf("%d joined, %d left", m.joined, m.call.left)
	}
	var in, out int
	for _, e := range m.events {
		switch e {
		case event.ParticipantJoined:
			in++
		case event.ParticipantLeft:
			out++
		}
	}
	if in != m.joined || out != m.joined {
		return fmt.Errorf("%d joined: there are %d events of that, and %d of their leaving", m.joined, in, out)
	}
	for i, k := range m.sinks {
		if k.n != 1 {
			return fmt.Errorf("sink %d ended %d times", i, k.n)
		}
	}
	return nil
}

// TestScenesAreSound takes any sequence of joins, leaves, commands and reports: all scenes
// keep what package scene promises, and all that came goes.
func TestScenesAreSound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tiles, todo := rapid.IntRange(1, 5).Draw(rt, "tiles"), drawSteps(rt)
		var fault error
		synctest.Test(t, func(t *testing.T) {
			c, running := newCall(t, tiles)
			m := &model{call: c, cursor: c.chain.Cursor(), gone: make(map[string]int)}
			for _, s := range todo {
				m.do(s)
				if fault = m.check(); fault != nil {
					break
				}
			}
			if err := m.finish(running); fault == nil {
				fault = err
			}
		})
		if fault != nil {
			rt.Fatal(fault)
		}
	})
}

// TestNewsMatchScene takes any sequence: when all is told, each participant knows the people,
// the speakers and the layout as the newest scene has them.
func TestNewsMatchScene(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		todo := drawSteps(rt)
		var faults []string
		synctest.Test(t, func(t *testing.T) {
			c, running := newCall(t, 3)
			m := &model{call: c, cursor: c.chain.Cursor(), gone: make(map[string]int)}
			for _, s := range todo {
				m.do(s)
			}
			m.call.call(func() {})
			c.settle()
			var want snapshot
			if len(m.here) > 0 { // the scene before the first is empty
				want = snapshotOf(c.Scene(), c.loop.stage.layout)
			}
			for _, g := range m.here {
				p, _ := last[control.Participants](g)
				s, _ := last[control.Speaking](g)
				l, _ := last[control.Layout](g)
				if !slices.EqualFunc(p.Participants, want.people, sameButSpeaking) {
					faults = append(faults, fmt.Sprintf("%s knows the people %+v, not %+v", g.session.Name, p.Participants, want.people))
				}
				if !slices.Equal(s.IDs, want.speaking) || l.Name != want.layouts[0].layout.Name || !slices.Equal(l.Tiles, want.layouts[0].layout.Tiles) {
					faults = append(faults, fmt.Sprintf("%s knows the speakers %v and the layout %+v", g.session.Name, s.IDs, l))
				}
			}
			_ = m.finish(running)
		})
		if len(faults) > 0 {
			rt.Fatal(faults)
		}
	})
}

// TestConnectTimeout has a client that never connects: after 20 s it is told why and has left.
func TestConnectTimeout(t *testing.T) {
	in(t, 25, func(c *call) {
		ada, ben := c.join("Ada", false), c.join("Ben", false)
		c.waits(ben, false)
		if l, _ := last[control.Layout](ada); len(l.Tiles) != 1 {
			t.Errorf("%d tiles, though Ben is not connected", len(l.Tiles))
		}
		c.pass(presence.ConnectTimeout - 1e9)
		if !c.has(ben) {
			t.Error("Ben left too early")
		}
		c.pass(2e9)
		if e, n := last[control.Error](ben); n != 1 || e.Error == "" || c.has(ben) || !c.has(ada) {
			t.Errorf("Ben was refused %d times, and is in the room: %v", n, c.has(ben))
		}
		<-ben.Done()
		if p, _ := last[control.Participants](ada); names(p) != "Ada" {
			t.Errorf("Ada knows %q", names(p))
		}
	})
}

// TestDeadlines has several members with a deadline: each leaves at its own.
func TestDeadlines(t *testing.T) {
	in(t, 25, func(c *call) {
		ada, ben, cid := c.join("Ada", false), c.join("Ben", false), c.join("Cid", false)
		for _, g := range []*guest{ada, ben, cid} {
			c.waits(g, true)
			c.connect(g)
		}
		ada.Lose(0, true)                                        // 5 s
		c.call(func() { c.loop.disconnected(ben.member, true) }) // 30 s
		cid.Lose(7, true)                                        // another control connection, which was replaced
		if c.call(func() {}); !c.has(ada) || !c.has(ben) {
			t.Fatal("a participant that may come back has left")
		}
		for _, want := range []struct {
			after string
			here  [3]bool
		}{{"4s", [3]bool{true, true, true}}, {"6s", [3]bool{false, true, true}}, {"29s", [3]bool{false, true, true}}, {"31s", [3]bool{false, false, true}}} {
			c.until(want.after)
			if got := [3]bool{c.has(ada), c.has(ben), c.has(cid)}; got != want.here {
				t.Errorf("after %s: %v are in the room, not %v", want.after, got, want.here)
			}
		}
	})
}

// TestLine has a participant lose its media and find it again: the others are told.
func TestLine(t *testing.T) {
	in(t, 25, func(c *call) {
		ada, ben := c.join("Ada", false), c.join("Ben", false)
		line := func() control.Line {
			c.settle()
			p, _ := last[control.Participants](ada)
			if len(p.Participants) != 2 {
				t.Fatalf("Ada knows %q", names(p))
			}
			return p.Participants[1].Line
		}
		c.call(func() { c.loop.disconnected(ben.member, true) })
		if got := line(); got != control.LineLost {
			t.Errorf("without media the line is %q", got)
		}
		if !ben.HasTile() {
			t.Error("Ben has no tile while Ben may come back")
		}
		c.connect(ben)
		if got := line(); got != "" {
			t.Errorf("with media again the line is %q", got)
		}
	})
}

// TestLeaveBy leaves over a control connection that was replaced, and over the newest.
func TestLeaveBy(t *testing.T) {
	in(t, 25, func(c *call) {
		ada := c.join("Ada", false)
		if ada.LeaveBy(3); !c.has(ada) {
			t.Error("Ada left by a connection that there is not")
		}
		if ada.LeaveBy(0); c.has(ada) {
			t.Error("Ada did not leave")
		}
		left := make(chan struct{})
		ada.AfterLeave(func() { close(left) })
		<-left
	})
}

// waits makes a guest one whose media connection is not up yet.
func (c *call) waits(g *guest, resumable bool) {
	c.call(func() {
		o := Options{Options: session.Options{Resumable: resumable}}
		g.member.presence = newMember(c.loop, o, now()).presence
		c.loop.publish()
		c.loop.expire(now())
	})
	c.settle()
}

func (c *call) connect(g *guest) { c.call(func() { c.loop.connected(g.member) }) }

// has tells whether a guest is in the room.
func (c *call) has(g *guest) (is bool) {
	c.call(func() { is = c.loop.has(g.member) })
	return is
}
