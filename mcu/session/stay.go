package session

import (
	"cmp"
	"time"

	"tilemix/mcu/event"
)

// stay reports how long a participant took to join, and for how long it was in each room. The loop of the room
// that it is in owns it. Without anybody who traces it does nothing.
type stay struct {
	spans func(event.Span)
	part  event.Span // that goes on
}

// newStay begins with the join of a session.
func newStay(s *Session, spans func(event.Span)) stay {
	return stay{spans, event.Span{Name: "join", Request: s.Origin.Request, ID: s.public, Begin: time.Now()}}
}

// Sit ends the join. The participant is in a room, or in its lobby, from now on.
func (s *stay) Sit(room string, lobby bool) {
	if s.spans == nil {
		return
	}
	if s.part.Name == "join" {
		s.report(room, "")
	}
	s.part.Name, s.part.Begin = "participant", time.Now()
	if lobby {
		s.part.Name = "lobby"
	}
}

// Leave ends the time in a room. why is the reason of a participant that has not joined by then.
func (s *stay) Leave(room, why string) {
	if s.spans == nil {
		return
	}
	if s.part.Name != "join" {
		why = ""
	} else {
		why = cmp.Or(why, "it left before its media connected")
	}
	s.report(room, why)
}

func (s *stay) report(room, why string) {
	s.part.Room, s.part.Err, s.part.End = room, why, time.Now()
	s.spans(s.part)
}
