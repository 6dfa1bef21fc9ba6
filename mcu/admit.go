package mcu

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"time"

	"tilemix/mcu/admission"
	"tilemix/mcu/control"
	"tilemix/mcu/policy"
	"tilemix/mcu/room"
)

// roomShare: one address makes at most one in four of the server's rooms.
const roomShare = 4

// Admits returns why no client of a name and a grant could join a room now, if so.
func (s *Server) Admits(room, name string, g policy.Grant) error {
	if err := CheckRoomName(room); err != nil {
		return err
	}
	if _, err := cleanName(name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := locked(s.rooms[room], g); err != nil {
		return err
	}
	return s.space(s.rooms[room])
}

// locked tells why a client of a grant may not come into a room, which may be nil, if hosts have
// locked it.
func locked(r *entry, g policy.Grant) error {
	if r != nil && r.Locked() && g.Role != policy.Host {
		return room.ErrLocked
	}
	return nil
}

// space tells whether there is a seat in a room, which may be nil. The caller holds s.mu.
func (s *Server) space(r *entry) error {
	switch {
	case s.closed:
		return ErrClosed
	case (r == nil || r.seated == 0) && s.begun >= s.cfg.MaxRooms:
		return fmt.Errorf("%w: it has %d", ErrServerFull, s.begun)
	case r != nil && r.seated >= s.cfg.MaxParticipants:
		return fmt.Errorf("%w: it has %d participants", ErrRoomFull, r.seated)
	}
	return nil
}

// enter counts a participant into a room, so that the room stays until it has left. A
// participant with a connection waits for it, and has no seat before.
func (s *Server) enter(o JoinOptions) (*place, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.rooms[o.Room]
	if err := cmp.Or(locked(e, o.Grant), s.space(e)); err != nil {
		return nil, err
	}
	if e == nil {
		if err := s.mayMake(o.From); err != nil {
			return nil, err
		}
	}
	p := &place{server: s}
	if !o.Fed {
		var err error
		if p.ticket, err = s.waiting.Enter(o.From, time.Now(), p.evict); err != nil {
			return nil, err
		}
	}
	if e == nil {
		var err error
		if e, err = s.open(o.Room, o.From); err != nil {
			s.waiting.Leave(p.ticket)
			return nil, err
		}
	}
	p.entry = e
	e.inside++
	return p, nil
}

// seat takes a seat in a room, which is made if there is none, for a participant that is in another
// room. The caller calls s.wg.Done once the participant has moved, or has not.
func (s *Server) seat(room string) (*place, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.rooms[room]
	if err := s.space(e); err != nil {
		return nil, err
	}
	if e == nil {
		var err error
		if e, err = s.open(room, netip.Prefix{}); err != nil {
			return nil, err
		}
	}
	s.wg.Add(1) // while nothing has closed
	p := &place{server: s, entry: e}
	e.inside++
	p.take()
	return p, nil
}

// mayMake tells whether a client from an address may make one more room. The caller holds s.mu.
func (s *Server) mayMake(from netip.Prefix) error {
	made := 0
	for _, e := range s.rooms {
		if from.IsValid() && e.maker == from {
			made++
		}
	}
	if made >= max(1, s.cfg.MaxRooms/roomShare) {
		return fmt.Errorf("%w: your address has made %d of the server's rooms", admission.ErrBusy, made)
	}
	return nil
}

// open makes a room. The caller holds s.mu.
func (s *Server) open(name string, maker netip.Prefix) (*entry, error) {
	r, err := room.New(name, s.env)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(s.ctx)
	e := &entry{Room: r, end: cancel, maker: maker}
	s.rooms[name] = e
	s.wg.Go(func() { e.Run(ctx) })
	return e, nil
}

// Act does in a room what a control message of a program says. Errors are those that a participant
// would be told; ErrNotFound says that there is no such room.
func (s *Server) Act(room string, grant policy.Grant, command control.Message) error {
	r := s.room(room)
	if r == nil {
		return fmt.Errorf("room %q: %w", room, ErrNotFound)
	}
	if m, ok := command.(control.Move); ok && grant.May(m.Type()) == nil {
		err := s.Move(room, m.ID, m.Room) // the program waits for it
		s.env.Decided(policy.Ruling{Room: room, Action: m.Type(), Who: grant.Identity, By: grant.By, Whom: m.ID, Err: err})
		return err
	}
	return r.Act(grant, command)
}

// Attendees returns those in a room whom a selector means, see [room.Handle.Attendees]. ErrNotFound
// says that there is no such room.
func (s *Server) Attendees(name, selector string) ([]room.Attendee, error) {
	if r := s.room(name); r != nil {
		return r.Handle().Attendees(selector)
	}
	return nil, fmt.Errorf("room %q: %w", name, ErrNotFound)
}
