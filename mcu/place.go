package mcu

import (
	"tilemix/mcu/admission"
	"tilemix/mcu/event"
	"tilemix/mcu/room"
)

// place is what a participant has of the server: first a ticket, with which it waits for its
// connection, then a seat. It is a [room.Place].
type place struct {
	server *Server
	entry  *entry
	ticket *admission.Ticket // nil: it need not wait

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
	s.waiting.Leave(p.ticket)
	p.take()
	return nil
}

// take takes a seat. The caller holds the server's lock.
func (p *place) take() {
	p.seated = true
	if p.entry.seated++; p.entry.seated == 1 && !p.entry.lobby {
		p.server.begun++
		p.server.env.Emit(event.New(event.RoomStarted, p.entry.Name()))
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
	}
	if p.seated && e.seated == 0 && !e.lobby {
		s.begun--
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
