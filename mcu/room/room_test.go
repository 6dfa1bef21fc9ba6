package room

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/codec"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/ladder"
	"tilemix/mcu/media"
	"tilemix/mcu/picture"
	"tilemix/mcu/policy"
	"tilemix/mcu/rendition"
	"tilemix/mcu/scene"
	"tilemix/mcu/session"
	"tilemix/mcu/sound"
	"tilemix/mixer/layout"
	"tilemix/mixer/video"
)

// call is a room that runs in a bubble of time, with participants that have no network.
type call struct {
	bans    []policy.Ban
	decided []policy.Ruling
	*Room
	t      *testing.T
	end    context.CancelFunc
	timed  time.Time // when until was called first
	events []event.Type
	full   error // why nobody gets a seat

	waiting []scene.Waiter // in the lobby

	mu   sync.Mutex // guards left
	left int
}

// Sit is Place's.
func (c *call) Sit() error { return c.full }

// Leave is Place's.
func (c *call) Leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left++
}

// in runs a test in a room. At its end the room has ended.
func in(t *testing.T, tiles int, test func(*call)) {
	synctest.Test(t, func(t *testing.T) {
		c, running := newCall(t, tiles)
		test(c)
		c.end()
		running.Wait()
	})
}

// settings returns what a room needs of its server, without a network.
func (c *call) settings(tiles int) Env {
	rungs := ladder.Of(ladder.Rung{Size: image.Pt(640, 360), FrameRate: 30, Bitrate: 800_000})
	faults := prometheus.NewCounter(prometheus.CounterOpts{Name: "errors"})
	return Env{
		Size: rungs[0].Size, Rungs: rungs, FrameRate: 30, AudioBitrate: 32_000,
		Codecs: codecs{}, DecodeSlot: make(chan struct{}, 2),
		Layout: "grid", MaxTiles: tiles, MaxParticipants: 10,
		ICEServers: func() []control.ICEServer { return nil },
		Emit:       func(e event.Event) { c.events = append(c.events, e.Type) },
		Ban:        func(_ string, b policy.Ban) { c.bans = append(c.bans, b) },
		Decided:    func(d policy.Ruling) { c.decided = append(c.decided, d) },
		Waiting:    func(string) []scene.Waiter { return c.waiting },
		Queued:     func(string) {},
		CleanName:  func(name string) (string, error) { return strings.TrimSpace(name), nil },
		Sessions:   session.NewMetrics(), Sounds: sound.NewMetrics(faults),
		Pictures: picture.NewMetrics(rendition.NewMetrics(rungs), faults),
		Log:      slog.New(slog.DiscardHandler),
	}
}

// newCall returns a room that runs until its end is called, and what waits for that.
func newCall(t *testing.T, tiles int) (c *call, running *sync.WaitGroup) {
	t.Helper()
	c = &call{t: t}
	r, err := New("call", c.settings(tiles))
	if err != nil {
		t.Fatal(err)
	}
	c.Room = r
	ctx, cancel := context.WithCancel(context.Background())
	c.end = cancel
	running = &sync.WaitGroup{}
	running.Go(func() { r.Run(ctx) })
	return c, running
}

// guest is a participant and what it was sent.
type guest struct {
	*Participant
	mu  sync.Mutex
	got []control.Message
}

func (c *call) join(name string, viewer bool) *guest {
	c.t.Helper()
	return c.joinWith(name, viewer, policy.Grant{})
}

// joinWith has a guest join with a grant.
func (c *call) joinWith(name string, viewer bool, grant policy.Grant) *guest {
	c.t.Helper()
	g := &guest{}
	p, err := c.Join(Options{
		Options: session.Options{Name: name, Viewer: viewer, Injected: true},
		Grant:   grant,
		Place:   c,
		Send: func(m control.Message) {
			m = control.Plain(m)
			g.mu.Lock()
			defer g.mu.Unlock()
			g.got = append(g.got, m)
		},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	g.Participant = p
	c.settle()
	return g
}

// pass has the bubble's time pass, and waits until all that is due has happened.
func (c *call) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// settle waits until all that is to be told was told.
func (c *call) settle() { c.pass(2 * notifyInterval) }

// last returns the newest message of a type that a guest was sent.
func last[M control.Message](g *guest) (m M, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, got := range g.got {
		if of, ok := got.(M); ok {
			m = of
			n++
		}
	}
	return m, n
}

func names(p control.Participants) string {
	var all []string
	for _, person := range p.Participants {
		all = append(all, person.Name)
	}
	return strings.Join(all, " ")
}

// TestJoin has participants come and go: all are told, and in order.
func TestJoin(t *testing.T) {
	in(t, 25, func(c *call) {
		ada := c.join("Ada", false)
		if len(ada.got) < 4 {
			t.Fatalf("Ada was sent %d messages", len(ada.got))
		}
		if w, ok := ada.got[0].(control.Welcome); !ok || w.Name != "Ada" || w.Room != "call" {
			t.Errorf("the first message is %+v", ada.got[0])
		}
		ben, eye := c.join("Ben", false), c.join("Eye", true)
		for _, g := range []*guest{ada, ben, eye} {
			p, _ := last[control.Participants](g)
			l, _ := last[control.Layout](g)
			if names(p) != "Ada Ben" || len(l.Tiles) != 2 || l.Width != 640 {
				t.Errorf("a guest was told of %q and %d tiles", names(p), len(l.Tiles))
			}
		}
		if found, err := c.Participant(ben.ID()); err != nil || found != ben.Participant {
			t.Errorf("Ben is not found: %v", err)
		}
		ben.Leave()
		ben.Leave() // does nothing
		<-ben.Done()
		c.settle()
		if p, _ := last[control.Participants](ada); names(p) != "Ada" {
			t.Errorf("after Ben left Ada was told of %q", names(p))
		}
		if _, err := c.Participant(ben.ID()); !errors.Is(err, ErrNotFound) {
			t.Errorf("Ben is found: %v", err)
		}
		want := []event.Type{event.ParticipantJoined, event.ParticipantJoined, event.ParticipantJoined, event.ParticipantLeft}
		if !slices.Equal(c.events, want) || c.left != 1 {
			t.Errorf("events %v, %d left", c.events, c.left)
		}
	})
}

// TestCommands has each command come by the door, from a participant and from a viewer.
func TestCommands(t *testing.T) {
	in(t, 25, func(c *call) {
		ada, eye := c.join("Ada", false), c.join("Eye", true)
		for _, x := range []struct {
			do      control.Message
			want    string // what all see of it, or how it is refused
			refused string // to a viewer
		}{
			{control.Mute{AudioMuted: true, VideoMuted: true}, "muted", "forbidden"},
			{control.SendChat{Text: "hello"}, "chat hello from Ada", "forbidden"},
			{control.ChooseLayout{Name: "speaker"}, "layout speaker", "forbidden"},
			{control.ChooseLayout{Name: "heap"}, "there is no layout of that name", "forbidden"},
			{control.Offer{SDP: "v=0"}, "a message of type offer cannot be sent here", "a message of type offer"},
		} {
			_, before := last[control.Error](eye)
			eye.Handle(x.do)
			c.settle()
			if e, n := last[control.Error](eye); n != before+1 || !strings.HasPrefix(e.Error, x.refused) {
				t.Errorf("a viewer that sends %T is told %q", x.do, e.Error)
			}
			ada.Handle(x.do)
			c.settle()
			if seen := c.seen(ada, eye); !slices.Contains(seen, x.want) {
				t.Errorf("%T: there is %v, not %q", x.do, seen, x.want)
			}
		}
		ada.Leave()
		<-ada.Done()
		n := len(ada.got)
		ada.Handle(control.SendChat{Text: "late"})
		c.settle()
		if len(ada.got) != n {
			t.Error("a participant that left is answered")
		}
	})
}

// seen says what others were told of a participant, and what it was refused.
func (c *call) seen(actor, other *guest) (all []string) {
	if p, _ := last[control.Participants](other); len(p.Participants) > 0 && p.Participants[0].VideoMuted && p.Participants[0].AudioMuted {
		all = append(all, "muted")
	}
	if m, n := last[control.Chat](other); n > 0 {
		all = append(all, fmt.Sprintf("chat %s from %s", m.Text, m.Name))
	}
	if m, n := last[control.Layout](other); n > 0 {
		all = append(all, "layout "+m.Name)
	}
	if m, n := last[control.Error](actor); n > 0 {
		all = append(all, m.Error)
	}
	return all
}

// TestTiles has more participants than tiles.
func TestTiles(t *testing.T) {
	in(t, 2, func(c *call) {
		ada := c.join("Ada", false)
		c.join("Ben", false)
		cid := c.join("Cid", false)
		l, _ := last[control.Layout](cid)
		if len(l.Tiles) != 2 || l.Hidden != 1 {
			t.Errorf("%d tiles, %d hidden", len(l.Tiles), l.Hidden)
		}
		ada.Leave()
		c.settle()
		if l, _ := last[control.Layout](cid); len(l.Tiles) != 2 || l.Hidden != 0 {
			t.Errorf("after one left %d tiles, %d hidden", len(l.Tiles), l.Hidden)
		}
	})
}

// TestLateNews: who comes later is told what there was to tell before.
func TestLateNews(t *testing.T) {
	in(t, 25, func(c *call) {
		ada := c.join("Ada", false)
		h := c.Handle()
		h.NotifyBroadcast(true)
		h.NotifyRecordings([]control.Recording{{ID: "r"}})
		c.settle()
		for _, g := range []*guest{ada, c.join("Ben", false)} {
			b, _ := last[control.Broadcast](g)
			r, n := last[control.Recordings](g)
			if !b.Active || n == 0 || len(r.Recordings) != 1 {
				t.Errorf("told of %+v and %+v", b, r)
			}
		}
	})
}

// TestReports has the clocks report: the room tells it.
func TestReports(t *testing.T) {
	in(t, 25, func(c *call) {
		ada, ben := c.join("Ada", false), c.join("Ben", false)
		id := ada.session.PublicID()
		r := reporter{c.Room}
		if !r.HealthChanged(layout.SourceID{Participant: id}, video.Degraded) || !r.FloorChanged([]string{id}, id) ||
			!r.RungChanged(id, ladder.Rung{Size: image.Pt(320, 180)}) {
			t.Fatal("the loop is too busy")
		}
		c.settle()
		p, _ := last[control.Participants](ben)
		s, _ := last[control.Speaking](ben)
		if len(p.Participants) != 2 || p.Participants[0].Line != control.LineWeak || !slices.Equal(s.IDs, []string{id}) {
			t.Errorf("Ben was told %+v, %+v", p, s)
		}
		if m, n := last[control.Rendition](ada); n != 1 || m.Height != 180 {
			t.Errorf("Ada was told of %d renditions, %+v", n, m)
		}
		if _, n := last[control.Rendition](ben); n != 0 {
			t.Error("Ben was told of Ada's rendition")
		}
		if now := c.Scene(); !now.Members[0].Floor || now.Members[1].Floor {
			t.Error("the floor is not Ada's")
		}
	})
}

// ends is a sink that is told of its end.
type ends struct{ n int }

func (*ends) Video([]byte, bool, time.Duration) {}
func (e *ends) Audio([]byte, time.Duration)     {}
func (e *ends) Ended()                          { e.n++ }

// TestRoomEnds has a room end: all leave, and nothing can be had of it any more.
func TestRoomEnds(t *testing.T) {
	in(t, 25, func(c *call) {
		ada := c.join("Ada", false)
		h := c.Handle()
		c.end()
		<-h.Ended()
		<-ada.Done()
		if _, err := c.Join(Options{Options: session.Options{Injected: true}}); !errors.Is(err, ErrClosed) {
			t.Errorf("a room that ended is joined: %v", err)
		}
		if _, err := h.Attach(&ends{}, media.SinkOptions{}); !errors.Is(err, ErrClosed) {
			t.Errorf("a sink is attached to it: %v", err)
		}
		if _, err := h.Tap(nil); !errors.Is(err, ErrClosed) {
			t.Errorf("a tap is put into it: %v", err)
		}
		if _, err := c.Participant(ada.ID()); !errors.Is(err, ErrNotFound) {
			t.Errorf("somebody is found in it: %v", err)
		}
		h.AskKeyFrames() // do nothing
		h.NotifyBroadcast(true)
		ada.Leave()
	})
}

// TestResumeUnknown comes back with tokens that nobody has.
func TestResumeUnknown(t *testing.T) {
	in(t, 25, func(c *call) {
		c.join("Ada", false) // cannot come back, so has no token
		for _, token := range []string{"", "x"} {
			if _, _, err := c.Resume(Options{}, token); !errors.Is(err, ErrNotFound) {
				t.Errorf("%q: %v", token, err)
			}
		}
	})
}

// people is a tap that keeps who came and went.
type people struct {
	media.Tap
	got []string
}

func (p *people) Joined(_, name string, _ time.Duration) { p.got = append(p.got, "+"+name) }
func (p *people) Left(string, time.Duration)             { p.got = append(p.got, "-") }
func (p *people) Sound(string, []byte, media.Time)       {}
func (p *people) Picture(string, codec.Kind, uint64, []byte, bool, media.Time) bool {
	return false
}

// TestTap is told of those who are there, who come, and who go, but not of viewers.
func TestTap(t *testing.T) {
	in(t, 25, func(c *call) {
		c.join("Ada", false)
		tap := &people{}
		untap, err := c.Handle().Tap(tap)
		if err != nil {
			t.Fatal(err)
		}
		ben := c.join("Ben", false)
		c.join("Eye", true)
		ben.Leave()
		c.settle()
		untap()
		c.join("Cid", false)
		if want := []string{"+Ada", "+Ben", "-"}; !slices.Equal(tap.got, want) {
			t.Errorf("the tap was told %v", tap.got)
		}
	})
}

// ended is a source that ends at once.
type ended struct{}

func (ended) Read(*rtp.Packet) error           { return io.EOF }
func (ended) Reported() (uint64, uint32, bool) { return 0, 0, false }

// TestPlay plays a sound that ends: the participant has a microphone for as long.
func TestPlay(t *testing.T) {
	in(t, 25, func(c *call) {
		ada := c.join("Ada", false)
		ada.PlayAudio(ended{})
		c.settle()
		if !c.Scene().Members[0].NoMicrophone {
			t.Error("there is a microphone that has ended")
		}
		ada.Leave()
		<-ada.Done()
		ada.PlayAudio(ended{}) // does nothing
	})
}

// TestSnapshot says scenes in words.
func TestSnapshot(t *testing.T) {
	s := &scene.Scene{
		Members: []scene.Member{
			{ID: "a", Name: "Ada", Speaking: true},
			{ID: "e", Name: "Eye", Viewer: true},
			{ID: "b", Name: "Ben", NoMicrophone: true, CameraOff: true, Health: video.Degraded},
			{ID: "c", Name: "Cid", MediaLost: true},
		},
		Sources: []scene.Source{
			{ID: layout.SourceID{Participant: "a"}}, {ID: layout.SourceID{Participant: "b"}}, {ID: layout.SourceID{Participant: "c"}},
		},
		Views: []scene.View{{Size: image.Pt(64, 32), Places: []scene.Place{
			{Rect: image.Rect(0, 0, 32, 32)}, {Rect: image.Rect(32, 0, 64, 32), Hidden: 1}, {},
		}}},
	}
	n := snapshotOf(s, "grid")
	if names(control.Participants{Participants: n.people}) != "Ada Ben Cid" || !slices.Equal(n.speaking, []string{"a"}) {
		t.Errorf("people %v, speaking %v", n.people, n.speaking)
	}
	if p := n.people[1]; !p.AudioMuted || !p.VideoMuted || p.Line != control.LineWeak || n.people[2].Line != control.LineLost || n.people[0].Line != "" {
		t.Errorf("people are %+v", n.people)
	}
	if l := n.layouts[0].layout; l.Name != "grid" || l.Width != 64 || l.Hidden != 1 || len(l.Tiles) != 2 || l.Tiles[1] != (control.Tile{ID: "b", X: 32, Width: 32, Height: 32}) {
		t.Errorf("the layout is %+v", l)
	}
}

// now is the time of the test's bubble.
func now() time.Time { return time.Now() }

// until has the bubble's time pass up to a duration since the room began to be timed.
func (c *call) until(after string) {
	d, err := time.ParseDuration(after)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.timed.IsZero() {
		c.timed = now()
	}
	c.pass(c.timed.Add(d).Sub(now()))
}

// TestStormOfNews has many things happen at once: participants are told of all of them in few
// rounds.
func TestStormOfNews(t *testing.T) {
	in(t, 25, func(c *call) {
		ada, ben := c.join("Ada", false), c.join("Ben", false)
		_, before := last[control.Participants](ben)
		for n := range 51 {
			c.call(func() {
				ada.member.health = video.OK
				if n%2 == 0 {
					ada.member.health = video.Degraded
				}
				c.loop.publish()
			})
		}
		c.settle()
		if p, n := last[control.Participants](ben); n-before > 2 || p.Participants[0].Line != control.LineWeak {
			t.Errorf("51 changes are told in %d messages: %+v", n-before, p)
		}
	})
}

// TestNothingNew publishes scenes that are like the one before: nobody is told anything.
func TestNothingNew(t *testing.T) {
	in(t, 25, func(c *call) {
		ada := c.join("Ada", false)
		c.pass(5 * time.Second)
		before := len(ada.got)
		for range 5 {
			c.call(c.loop.publish)
			c.settle()
		}
		if n := len(ada.got) - before; n != 0 {
			t.Errorf("%d messages of nothing: %+v", n, ada.got[before:])
		}
	})
}

// TestChatOrder sends as many messages as one participant may at once: all participants have them, in
// order, and the sender too. Another participant may send more.
func TestChatOrder(t *testing.T) {
	in(t, 25, func(c *call) {
		ada, ben, eye := c.join("Ada", false), c.join("Ben", false), c.join("Eye", true)
		for n := range 12 {
			ada.Handle(control.SendChat{Text: fmt.Sprint(n)})
		}
		c.settle()
		ben.Handle(control.SendChat{Text: "10"})
		c.settle()
		for _, g := range []*guest{ada, ben, eye} {
			n := 0
			for _, m := range g.got {
				if chat, ok := m.(control.Chat); ok {
					if chat.Text != fmt.Sprint(n) || (chat.ID == ada.session.PublicID()) != (n < 10) || chat.Time.Location() != time.UTC {
						t.Errorf("message %d is %+v", n, chat)
					}
					n++
				}
			}
			if n != 11 {
				t.Errorf("%s has %d messages", g.session.Name, n)
			}
		}
	})
}

// TestRungs tells a viewer of each rung that it has, and again when it opens a channel.
func TestRungs(t *testing.T) {
	in(t, 25, func(c *call) {
		ada := c.join("Ada", false)
		r := reporter{c.Room}
		if r.RungChanged("nobody", ladder.Rung{}); !r.RungChanged(ada.session.PublicID(), ladder.Rung{}) {
			t.Fatal("the loop is too busy")
		}
		c.settle()
		if m, n := last[control.Rendition](ada); n != 1 || m.Active {
			t.Errorf("without a picture: %+v, %d messages", m, n)
		}
		r.RungChanged(ada.session.PublicID(), ladder.Rung{Size: image.Pt(640, 360), FrameRate: 30, Bitrate: 800_000})
		c.settle()
		if m, n := last[control.Rendition](ada); n != 2 || !m.Active || m.Width != 640 || m.MaxBitrate != 800_000 {
			t.Errorf("with a picture: %+v, %d messages", m, n)
		}
	})
}

// TestBusyLoop has the loop do something long: a clock's report is refused and not waited for.
func TestBusyLoop(t *testing.T) {
	in(t, 25, func(c *call) {
		c.join("Ada", false)
		hold, held := make(chan struct{}), make(chan struct{})
		c.post(func() { close(held); <-hold })
		<-held
		for range cap(c.calls) {
			c.post(func() {})
		}
		r := reporter{c.Room}
		if r.FloorChanged(nil, "") || r.RungChanged("a", ladder.Rung{}) || r.HealthChanged(layout.SourceID{}, video.OK) {
			t.Error("a loop that is busy takes a report")
		}
		close(hold)
		c.settle()
		if !r.FloorChanged(nil, "") {
			t.Error("a loop that is idle takes no report")
		}
	})
}

// TestPostAndCall runs closures in order, and none after the end.
func TestPostAndCall(t *testing.T) {
	in(t, 25, func(c *call) {
		var got []int
		for n := range 200 {
			if n%3 == 0 {
				c.call(func() { got = append(got, n) })
			} else {
				c.post(func() { got = append(got, n) })
			}
		}
		c.call(func() {})
		if len(got) != 200 || !slices.IsSorted(got) {
			t.Errorf("%d closures ran, in order: %v", len(got), slices.IsSorted(got))
		}
		c.end()
		<-c.Ended()
		ran := false
		for range 200 {
			if c.call(func() { ran = true }) {
				t.Fatal("a room that ended says that it ran a closure")
			}
		}
		if ran {
			t.Error("a room that ended ran a closure")
		}
	})
}
