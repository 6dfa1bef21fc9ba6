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
	*Room
	t      *testing.T
	end    context.CancelFunc
	events []event.Type
	left   int
}

// in runs a test in a room. At its end the room has ended.
func in(t *testing.T, tiles int, test func(*call)) {
	synctest.Test(t, func(t *testing.T) {
		c := &call{t: t}
		rungs := ladder.Of(ladder.Rung{Size: image.Pt(640, 360), FrameRate: 30, Bitrate: 800_000})
		faults := prometheus.NewCounter(prometheus.CounterOpts{Name: "errors"})
		var mu sync.Mutex
		r, err := New("call", Env{
			Size: rungs[0].Size, Rungs: rungs, FrameRate: 30, AudioBitrate: 32_000,
			Layout: "grid", MaxTiles: tiles, MaxParticipants: 10, Policy: policy.Open{},
			ICEServers: func() []control.ICEServer { return nil },
			Emit:       func(e event.Event) { c.events = append(c.events, e.Type) },
			Sessions:   session.NewMetrics(), Sounds: sound.NewMetrics(faults),
			Pictures: picture.NewMetrics(rendition.NewMetrics(rungs), faults),
			Log:      slog.New(slog.NewTextHandler(io.Discard, nil)),
		}, func() { mu.Lock(); c.left++; mu.Unlock() })
		if err != nil {
			t.Fatal(err)
		}
		c.Room = r
		ctx, cancel := context.WithCancel(t.Context())
		c.end = cancel
		var running sync.WaitGroup
		running.Go(func() { r.Run(ctx) })
		test(c)
		cancel()
		running.Wait()
	})
}

// guest is a participant and what it was sent.
type guest struct {
	*Participant
	mu  sync.Mutex
	got []control.Message
}

func (c *call) join(name string, viewer bool) *guest {
	c.t.Helper()
	g := &guest{}
	p, err := c.Join(Options{
		Options: session.Options{Name: name, Viewer: viewer, Injected: true},
		Send: func(m control.Message) {
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

// settle waits until all that is to be told was told.
func (c *call) settle() {
	time.Sleep(2 * notifyInterval)
	synctest.Wait()
}

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
			do   control.Message
			want string // what all see of it, or how it is refused
		}{
			{control.Mute{AudioMuted: true, VideoMuted: true}, "muted"},
			{control.SendChat{Text: "hello"}, "chat hello from Ada"},
			{control.ChooseLayout{Name: "speaker"}, "layout speaker"},
			{control.ChooseLayout{Name: "heap"}, "there is no layout of that name"},
			{control.Offer{SDP: "v=0"}, "a message of type offer cannot be sent here"},
		} {
			_, before := last[control.Error](eye)
			eye.Handle(x.do)
			c.settle()
			if e, n := last[control.Error](eye); n != before+1 || !strings.Contains(e.Error, "viewers") {
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

// silence is a source that ends at once.
type silence struct{}

func (silence) Read(*rtp.Packet) error           { return io.EOF }
func (silence) Reported() (uint64, uint32, bool) { return 0, 0, false }

// TestPlay plays a sound that ends: the participant has a microphone for as long.
func TestPlay(t *testing.T) {
	in(t, 25, func(c *call) {
		ada := c.join("Ada", false)
		ada.PlayAudio(silence{})
		c.settle()
		if !c.Scene().Members[0].NoMicrophone {
			t.Error("there is a microphone that has ended")
		}
		ada.Leave()
		<-ada.Done()
		ada.PlayAudio(silence{}) // does nothing
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
		Views: []scene.View{{Key: scene.ViewKey{Size: image.Pt(64, 32)}, Places: []scene.Place{
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
	if l := n.layout; l.Name != "grid" || l.Width != 64 || l.Hidden != 1 || len(l.Tiles) != 2 || l.Tiles[1] != (control.Tile{ID: "b", X: 32, Width: 32, Height: 32}) {
		t.Errorf("the layout is %+v", l)
	}
}
