package mcu

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"tilemix/mcu/admission"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/policy"
	"tilemix/mcu/room"
	"tilemix/mcu/rules"
)

// entry is a room. For the outside it is there while somebody has a seat, and a lobby never is.
type entry struct {
	*room.Room
	lobby  bool
	relay  bool // another node has the room
	end    context.CancelFunc
	maker  netip.Prefix  // address of the client that it was made for
	most   int           // participants that it was made for
	inside int           // those who have entered and whose connections are not closed
	seated int           // those of them whose connection has stood
	eyes   int           // those of the seated that only receive
	over   []*time.Timer // end the call, and say before that it ends
	held   chan struct{} // closed when somebody comes; nil: the call is not held for that
}

// home tells whether the room is one for the outside, which is mixed here.
func (e *entry) home() bool { return !e.lobby && !e.relay }

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
	pulls    bool // it is a relay, for viewers that were let in already: no limit and no lock is for it

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
	if err := s.space(e, !e.home()); err != nil && !p.pulls {
		return err
	}
	if e.home() && !p.pulls {
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
	if e.seated++; e.held != nil {
		close(e.held) // the call goes on
		e.held = nil
		e.inside--
	} else if e.seated == 1 && e.home() {
		s.begun++
		s.env.Emit(event.New(event.RoomStarted, e.Name()))
		p.begin()
	}
	if p.host && p.ruled.Lobby == rules.UntilHost && e.home() {
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
	s.wg.Go(func() { e.EndsAt(at, false) })
	e.over = append(e.over, time.AfterFunc(time.Until(at), func() { act(control.End{Reason: "the room's time is over"}) }))
	for _, rest := range rules.Rests() {
		if wait := time.Until(at) - rest; wait > 0 {
			e.over = append(e.over, time.AfterFunc(wait, func() {
				if p.ending() {
					act(control.Announce{Text: fmt.Sprintf("The call ends in %d min", int(rest.Minutes()))})
				}
			}))
		}
	}
}

// ending tells the outside that the call ends soon. It returns whether the call goes on: it may have ended while this
// waited, and nothing is told of a call after its end.
func (p *place) ending() bool {
	s, e := p.server, p.entry
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.over == nil {
		return false
	}
	s.env.Emit(event.New(event.RoomEnding, e.Name()))
	return true
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
	if p.seated && e.seated == 0 && e.home() {
		if empty := time.Duration(p.ruled.EmptyTimeout) * time.Second; empty > 0 && !s.drains && !s.closed && !e.Over() {
			(vacancy{s, e}).hold(empty)
		} else {
			(vacancy{s, e}).finish()
		}
	}
	(vacancy{s, e}).leave()
}

// vacancy is a room that nobody has a seat in. The caller of its methods holds the server's lock.
type vacancy struct {
	server *Server
	entry  *entry
}

// hold has the call go on for a time although nobody is in it. Its goroutine ends with that time, when
// somebody comes, and with the server.
func (v vacancy) hold(empty time.Duration) {
	s, e, held := v.server, v.entry, make(chan struct{})
	e.held = held
	e.inside++
	s.wg.Go(func() {
		end := time.NewTimer(empty)
		defer end.Stop()
		select {
		case <-held:
			return
		case <-end.C:
		case <-s.ctx.Done():
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		v.release(held)
	})
}

// release ends a call that is held, if it still is.
func (v vacancy) release(held chan struct{}) {
	if v.entry.held != held || held == nil {
		return
	}
	v.entry.held = nil
	v.finish()
	v.leave()
}

// finish ends the call for the outside.
func (v vacancy) finish() {
	v.server.begun--
	for _, t := range v.entry.over {
		t.Stop()
	}
	v.entry.over = nil
	v.server.cfg().Seats.End(v.entry.Name())
	v.server.env.Emit(event.New(event.RoomEnded, v.entry.Name()))
}

// leave counts one less who has entered, and ends the room with the last.
func (v vacancy) leave() {
	s, e := v.server, v.entry
	if e.inside--; e.inside > 0 {
		return
	}
	of := s.rooms
	switch {
	case e.lobby:
		of = s.lobbies
	case e.relay:
		of = s.relays
	}
	if of[e.Name()] == e { // else another has taken its place
		delete(of, e.Name())
	}
	e.end()
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
