package mcu

import (
	"fmt"
	"time"

	"tilemix/mcu/admission"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/policy"
	"tilemix/mcu/room"
	"tilemix/mcu/rules"
)

// roomShare: one address makes at most one in four of the server's rooms.
const roomShare = 4

// place is what a participant has of the server: first a ticket, with which it waits for its
// connection, then a seat. It is a [room.Place].
type place struct {
	server *Server
	entry  *entry
	ticket *admission.Ticket // nil: it need not wait

	ruled    rules.Terms // of the room
	receives bool        // it only receives
	host     bool

	// The server's lock guards what follows.
	seated  bool
	evicted bool
	owner   *Participant // nil before it has joined
}

// Sit is room.Place's. With its first seat a room begins for the outside.
func (p *place) Sit() error {
	s, e := p.server, p.entry
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.space(e, e.lobby); err != nil {
		return err
	}
	if !e.lobby {
		if err := full(e, p.ruled, p.receives); err != nil {
			return err
		}
	}
	s.waiting.Leave(p.ticket)
	p.take()
	return nil
}

// take takes a seat. The caller holds the server's lock.
func (p *place) take() {
	s, e := p.server, p.entry
	p.seated = true
	if p.receives {
		e.eyes++
	}
	if e.seated++; e.seated == 1 && !e.lobby {
		s.begun++
		s.env.Emit(event.New(event.RoomStarted, e.Name()))
		p.begin()
	}
	if p.host && p.ruled.Lobby == rules.UntilHost && !e.lobby {
		s.wg.Go(func() {
			if err := (door{s}).beyond(e.Name(), control.Admit{All: true}); err != nil {
				s.log.Debug("not all admitted", "room", e.Name(), "err", err)
			}
		})
	}
}

// begin has the room's rules hold from its first seat on. The room's loop may be the caller's.
func (p *place) begin() {
	s, e := p.server, p.entry
	operator := policy.Grant{Role: policy.Host, Name: "The rules of the room"}
	act := func(m control.Message) { _ = e.Act(operator, m) } // the room may have ended
	s.wg.Go(func() { e.Govern(p.ruled) })
	at, ok := p.ruled.End(time.Now())
	if !ok {
		return
	}
	s.wg.Go(func() { e.EndsAt(at) })
	e.over = append(e.over, time.AfterFunc(time.Until(at), func() { act(control.End{Reason: "the room's time is over"}) }))
	for _, rest := range rules.Rests() {
		if wait := time.Until(at) - rest; wait > 0 {
			e.over = append(e.over, time.AfterFunc(wait, func() {
				s.env.Emit(event.New(event.RoomEnding, e.Name()))
				act(control.Announce{Text: fmt.Sprintf("The call ends in %d min", int(rest.Minutes()))})
			}))
		}
	}
}

// Leave is room.Place's. With its last seat a room ends for the outside. It is gone when nobody
// waits in it either.
func (p *place) Leave() {
	s, e := p.server, p.entry
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting.Leave(p.ticket)
	if p.seated {
		e.seated--
		if p.receives {
			e.eyes--
		}
	}
	if p.seated && e.seated == 0 && !e.lobby {
		s.begun--
		for _, t := range e.over {
			t.Stop()
		}
		e.over = nil
		s.cfg.Seats.End(e.Name())
		s.env.Emit(event.New(event.RoomEnded, e.Name()))
	}
	if e.inside--; e.inside == 0 {
		if e.lobby {
			delete(s.lobbies, e.Name())
		} else {
			delete(s.rooms, e.Name())
		}
		e.end()
	}
}

// belongsTo says which participant has the place.
func (p *place) belongsTo(who *Participant) {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	p.owner = who
	if p.evicted {
		p.dismiss()
	}
}

// evict has the participant make place. The caller holds the server's lock.
func (p *place) evict() {
	p.evicted = true
	if p.owner != nil {
		p.dismiss()
	}
}

// dismiss does not wait for the room, whose loop may wait for the server's lock.
func (p *place) dismiss() { p.server.wg.Go(p.owner.GiveWay) }

var _ room.Place = (*place)(nil)

// full tells why a room, which may be nil, has no place by its rules. The caller holds the lock.
func full(e *entry, r rules.Terms, receives bool) error {
	if e != nil && r.Full(e.seated, e.eyes, receives) {
		return fmt.Errorf("%w: it has %d participants and viewers", ErrRoomFull, e.seated)
	}
	return nil
}
