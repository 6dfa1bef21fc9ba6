package room

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tilemix/codec"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/media"
)

// ear is a tap that takes note of who comes and goes, and of what comes.
type ear struct {
	mu               sync.Mutex
	joined, left     []string
	pictures, sounds int
}

func (e *ear) Joined(_, name string, _ time.Duration) { e.joined = append(e.joined, name) }
func (e *ear) Left(id string, _ time.Duration)        { e.left = append(e.left, id) }
func (e *ear) Picture(string, codec.Kind, uint64, []byte, bool, media.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pictures++
	return false
}

func (e *ear) Sound(string, []byte, media.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sounds++
}

// heard returns how many pictures and sounds came.
func (e *ear) heard() (pictures, sounds int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.pictures, e.sounds
}

// between runs a test in two rooms. At its end both have ended.
func between(t *testing.T, test func(a, b *call)) {
	in(t, 25, func(a *call) {
		b, running := newCall(t, 25)
		test(a, b)
		b.end()
		running.Wait()
	})
}

// moves takes a guest from one room to another.
func (g *guest) moves(to *call) {
	to.t.Helper()
	if err := g.Move(to.Room, to); err != nil {
		to.t.Error(err)
	}
	to.settle()
}

// TestMove has a participant that films and speaks move: camera, microphone and what it switched
// off go with it, the tapes of each room have only what belongs there, and all are told.
func TestMove(t *testing.T) {
	between(t, func(a, b *call) {
		ada, ben, cid := a.join("Ada", false), a.join("Ben", false), b.join("Cid", false)
		var here, there ear
		for _, x := range []struct {
			*call
			*ear
		}{{a, &here}, {b, &there}} {
			if _, err := x.Handle().Tap(x.ear); err != nil {
				t.Fatal(err)
			}
		}
		film, filmed := a.plays(ada.PlayVideo)
		speech, spoken := a.plays(ada.PlayAudio)
		ada.Handle(control.Mute{AudioMuted: true})
		film <- idr(0)
		speech <- voice(0)
		a.settle()
		before, id := ada.session.Token(), ada.session.PublicID()

		ada.moves(b)
		if p, _ := last[control.Participants](ben); names(p) != "Ben" {
			t.Errorf("Ben was told of %q", names(p))
		}
		if p, _ := last[control.Participants](cid); names(p) != "Cid Ada" || p.Participants[1].ID != id {
			t.Errorf("Cid was told %+v", p)
		}
		if p, _ := last[control.Participants](ada); names(p) != "Cid Ada" {
			t.Errorf("Ada was told of %q", names(p))
		}
		if m, n := last[control.Moved](ada); n != 1 || m.Room != b.Name() {
			t.Errorf("Ada was told %+v, %d times", m, n)
		}
		for n := 1; n < 4; n++ {
			film <- idr(n)
			speech <- voice(n)
		}
		b.settle()
		now := b.Scene()
		if len(now.Members) != 2 || !now.Members[1].Muted || now.Sources[1].Camera == nil || now.Listeners[1].Microphone == nil {
			t.Errorf("Ada arrived as %+v, %+v, %+v", now.Members[1], now.Sources[1], now.Listeners[1])
		}
		if p, s := here.heard(); p != 1 || s != 1 || !slices.Equal(here.left, []string{id}) {
			t.Errorf("the old room's tape has %d pictures and %d sounds, and who left: %v", p, s, here.left)
		}
		if p, s := there.heard(); p < 2 || s < 2 || !slices.Equal(there.joined, []string{"Cid", "Ada"}) {
			t.Errorf("the new room's tape has %d pictures and %d sounds, of %v", p, s, there.joined)
		}
		if !slices.Contains(a.events, event.ParticipantLeft) || !slices.Equal(b.events, []event.Type{event.ParticipantJoined, event.ParticipantJoined}) {
			t.Errorf("events: %v, then %v", a.events, b.events)
		}
		if ada.session.Token() != before || a.left != 1 || b.left != 0 {
			t.Errorf("places were given up: %d and %d", a.left, b.left)
		}
		close(film)
		close(speech)
		filmed.Wait()
		spoken.Wait()
		ada.Leave()
		<-ada.Done()
		if b.settle(); b.left != 1 || len(b.Scene().Members) != 1 {
			t.Errorf("Ada is still in the room: %d places were given up", b.left)
		}
	})
}

// TestMoveWaits has a participant command and leave while it moves: that is done where it arrives.
func TestMoveWaits(t *testing.T) {
	between(t, func(a, b *call) {
		ada, cid := a.join("Ada", false), b.join("Cid", false)
		if _, err := a.Handle().Attach(sink{}, media.SinkOptions{}); err != nil { // its clocks tick
			t.Fatal(err)
		}
		a.settle()
		var moved sync.WaitGroup
		moved.Go(func() { ada.moves(b) })
		synctest.Wait() // for a clock that ticks later
		ada.Handle(control.Mute{VideoMuted: true})
		ada.Handle(control.SendChat{Text: "here I am"})
		if _, n := last[control.Moved](ada); n > 0 || len(b.Scene().Members) > 1 {
			t.Fatal("Ada did not have to wait")
		}
		moved.Wait()
		if m, _ := last[control.Chat](cid); m.Text != "here I am" || !b.Scene().Members[1].CameraOff {
			t.Errorf("what Ada did on the way was lost: %+v", m)
		}
	})
}

// TestMoveRefused moves participants that are not there, and one to a room that has ended.
func TestMoveRefused(t *testing.T) {
	between(t, func(a, b *call) {
		ada, ben := a.join("Ada", false), a.join("Ben", false)
		if err := ada.Move(a.Room, a); !errors.Is(err, ErrNotFound) {
			t.Errorf("to the room where it is: %v", err)
		}
		ben.Leave()
		if err := ben.Move(b.Room, b); !errors.Is(err, ErrNotFound) {
			t.Errorf("after it left: %v", err)
		}
		b.end()
		<-b.Ended()
		if err := ada.Move(b.Room, b); !errors.Is(err, ErrClosed) {
			t.Errorf("to a room that has ended: %v", err)
		}
		<-ada.Done()
		if ada.Handle(control.Mute{}); ada.HasTile() {
			t.Error("Ada has a tile in a room that has ended")
		}
		a.settle()
	})
}

// sink takes the mix and does nothing with it.
type sink struct{}

func (sink) Video([]byte, bool, time.Duration) {}
func (sink) Audio([]byte, time.Duration)       {}
func (sink) Ended()                            {}
