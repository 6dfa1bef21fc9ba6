package mcu_test

import (
	"slices"
	"sync"
	"testing"

	"tilemix/mcu"
	"tilemix/mcu/event"
)

// TestEvents has people come and go and reads what is told of it. Of those that never connect
// nothing is told, nor of their rooms.
func TestEvents(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var all []event.Event
	cfg := small()
	cfg.Events = func(e event.Event) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, e)
	}
	told := func() []event.Event {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
	s := serve(t, cfg)
	join := func(room, name string, viewer, connects bool) *mcu.Participant {
		p, err := s.Join(mcu.JoinOptions{Room: room, Name: name, Viewer: viewer, Fed: connects})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for range 20 { // the room begins anew each time
		before := len(told())
		alone := join("alone", "Nobody", false, false)
		alone.Leave()
		idle, ada, eye := join("told", "Idle", false, false), join("told", "Ada", false, true), join("told", "Eye", true, true)
		idle.Leave()
		<-idle.Done()
		ada.Leave()
		<-ada.Done()
		eye.Leave()
		<-eye.Done()
		s.await("the end of the room", func() bool { return len(told()) == before+6 })
	}
	round := []event.Type{
		event.RoomStarted, event.ParticipantJoined, event.ParticipantJoined,
		event.ParticipantLeft, event.ParticipantLeft, event.RoomEnded,
	}
	ids := map[string]bool{}
	for i, e := range told() {
		if e.Type != round[i%len(round)] || e.Room != "told" || e.Time.IsZero() || ids[e.ID] {
			t.Fatalf("event %d is %+v", i, e)
		}
		ids[e.ID] = true
	}
	if who := told()[2].Participant; who == nil || who.Name != "Eye" || !who.Viewer || who.ID != told()[4].Participant.ID {
		t.Errorf("%+v joined, %+v left", who, told()[4].Participant)
	}
}
