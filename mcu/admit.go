package mcu

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"tilemix/codec"
	"tilemix/mcu/admission"
	"tilemix/mcu/control"
	"tilemix/mcu/policy"
	"tilemix/mcu/room"
	"tilemix/mcu/rules"
	"tilemix/mcu/scene"
)

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
	ruled, err := s.ruled(room, g)
	if err != nil || ruled.Waits(g, s.hosted(room)) {
		return err
	}
	return cmp.Or(full(s.rooms[room], ruled, g.Role.Receives()), s.space(s.rooms[room], false))
}

// ruled returns the rules of a room, or why a client of a grant may not come into it: hosts have
// locked it, or it is not its time. The caller holds s.mu.
func (s *Server) ruled(name string, g policy.Grant) (r rules.Terms, err error) {
	if s.cfg().Rules != nil {
		if r, err = s.cfg().Rules(name); err != nil {
			return r, err
		}
	}
	if e := s.rooms[name]; g.Role != policy.Host && (e != nil && e.Locked() || e == nil && s.locks(name, r)) {
		return r, room.ErrLocked
	}
	return r, r.Admits(g, time.Now())
}

// locks tells whether a room begins locked: by its rules, or because it was before a crash. The caller holds s.mu.
func (s *Server) locks(name string, r rules.Terms) bool {
	return r.Lock || s.cfg().Seats.Was(name, time.Now()).Locked
}

// hosted tells whether a host is in a room. The caller holds s.mu.
func (s *Server) hosted(name string) bool {
	e := s.rooms[name]
	return e != nil && slices.ContainsFunc(e.Scene().Members, func(m scene.Member) bool { return m.Role == policy.Host })
}

// space tells whether there is a seat in a room, which may be nil, or in its lobby. The caller holds
// s.mu.
func (s *Server) space(r *entry, lobby bool) error {
	switch {
	case s.closed:
		return ErrClosed
	case s.drains && r == nil:
		return admission.ErrDraining
	case lobby && r == nil && len(s.lobbies) >= s.cfg().MaxRooms:
		return fmt.Errorf("%w: it has %d lobbies", ErrServerFull, len(s.lobbies))
	case !lobby && (r == nil || r.seated == 0 && r.held == nil) && s.begun >= s.cfg().MaxRooms:
		return fmt.Errorf("%w: it has %d", ErrServerFull, s.begun)
	case r != nil && r.seated >= min(r.most, s.cfg().MaxParticipants):
		return fmt.Errorf("%w: it has %d participants", ErrRoomFull, r.seated)
	}
	return nil
}

// of returns the room of a name, or its lobby, nil where there is none. The caller holds s.mu.
func (s *Server) of(room string, lobby bool) *entry {
	if lobby {
		return s.lobbies[room]
	}
	return s.rooms[room]
}

// named returns the room of a name and its lobby, where there are such.
func (s *Server) named(name string) (all []*entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range []map[string]*entry{s.rooms, s.lobbies} {
		if e := of[name]; e != nil {
			all = append(all, e)
		}
	}
	return all
}

// enter counts a participant into a room or its lobby, so that it stays until the participant has
// left. A participant with a connection waits for it, and has no seat before.
func (s *Server) enter(o JoinOptions) (*place, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.Relay || o.Rung > 0 {
		return (door{s}).between(o)
	}
	ruled, err := s.ruled(o.Room, o.Grant)
	if err != nil && (o.seat == nil || !errors.Is(err, room.ErrLocked) && !errors.Is(err, rules.ErrEarly)) { // those with a seat were in already
		return nil, err
	}
	o.Wait = o.Wait || !o.Fed && o.seat == nil && ruled.Waits(o.Grant, s.hosted(o.Room))
	e := s.of(o.Room, o.Wait)
	if err = s.space(e, o.Wait); err == nil && !o.Wait {
		err = full(e, ruled, o.Viewer)
	}
	if err != nil {
		return nil, err
	}
	if e == nil && o.seat == nil {
		if err := (door{s}).mayMake(o.From); err != nil {
			return nil, err
		}
	}
	p := &place{server: s, ruled: ruled, receives: o.Viewer, host: o.Grant.Role == policy.Host}
	if !o.Fed {
		if p.ticket, err = s.waiting.Enter(o.From, time.Now(), p.evict); err != nil {
			return nil, err
		}
	}
	if e == nil {
		if e, err = s.open(o.Room, o.From, o.Wait, ruled); err != nil {
			s.waiting.Leave(p.ticket)
			return nil, err
		}
	}
	p.entry = e
	e.inside++
	return p, nil
}

// seat takes a seat in a room or its lobby, which is made if there is none, for a participant that
// is in another room. The caller calls s.wg.Done once the participant has moved, or has not.
func (s *Server) seat(room string, lobby, receives bool) (*place, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.of(room, lobby)
	var ruled rules.Terms
	var err error
	if s.cfg().Rules != nil {
		ruled, err = s.cfg().Rules(room)
	}
	if !lobby {
		err = cmp.Or(err, full(e, ruled, receives))
	}
	if err := cmp.Or(err, s.space(e, lobby)); err != nil {
		return nil, err
	}
	if e == nil {
		if e, err = s.open(room, netip.Prefix{}, lobby, ruled); err != nil {
			return nil, err
		}
	}
	s.wg.Add(1) // while nothing has closed
	p := &place{server: s, entry: e, ruled: ruled, receives: receives}
	e.inside++
	p.take()
	return p, nil
}

// move takes a participant to a room or its lobby.
func (s *Server) move(p *Participant, to string, lobby bool) error {
	seat, err := s.seat(to, lobby, p.Receives())
	if err != nil {
		return err
	}
	defer s.wg.Done()
	s.moved.add(p)
	if err := p.Move(seat.entry.Room, seat); err != nil {
		seat.Leave()
		return err
	}
	return nil
}

// Waiting returns those who wait to be let into a room, in the order in which they came.
func (s *Server) Waiting(room string) []scene.Waiter {
	s.mu.Lock()
	lobby := s.lobbies[room]
	s.mu.Unlock()
	if lobby == nil {
		return nil
	}
	return lobby.Scene().Waiting
}

// Admit lets a participant into a room that waits for that, by its public ID. Its connection stays,
// and the message "admitted" tells its client. Errors are those of Move.
func (s *Server) Admit(room, id string) error {
	p, err := s.waits(room, id)
	if err != nil {
		return err
	}
	return s.move(p, room, false)
}

// Reject has a participant leave that waits to be let into a room, by its public ID. The message
// "rejected" tells its client the reason, which may be empty. ErrNotFound says that it does not wait.
func (s *Server) Reject(room, id, reason string) error {
	p, err := s.waits(room, id)
	if err != nil {
		return err
	}
	return p.Reject(reason)
}

// SendToLobby has a participant of a room, by its public ID, wait to be let in again. Its connection
// stays, and the message "waiting" tells its client. Errors are those of Move.
func (s *Server) SendToLobby(room, id string) error {
	r := s.room(room)
	if r == nil {
		return fmt.Errorf("room %q: %w", room, ErrNotFound)
	}
	p, err := r.Member(id)
	if err != nil {
		return err
	}
	return s.move(p, room, true)
}

// waits returns the participant that waits to be let into a room.
func (s *Server) waits(room, id string) (*Participant, error) {
	s.mu.Lock()
	lobby := s.lobbies[room]
	s.mu.Unlock()
	if lobby == nil {
		return nil, fmt.Errorf("room %q: nobody waits: %w", room, ErrNotFound)
	}
	return lobby.Member(id)
}

// open makes a room, or its lobby. The caller holds s.mu.
func (s *Server) open(name string, maker netip.Prefix, lobby bool, ruled rules.Terms) (*entry, error) {
	build, of := room.New, s.rooms
	if lobby {
		build, of = room.NewLobby, s.lobbies
	}
	env := s.env
	s.furnish(&env)
	env.Codecs, env.Voices = s.decoders.ofRoom()
	env.Locked = !lobby && s.locks(name, ruled)
	r, err := build(name, env)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(s.ctx)
	e := &entry{Room: r, lobby: lobby, end: cancel, maker: maker, most: env.MaxParticipants}
	of[name] = e
	e.Govern(rules.Terms{HostLeaves: ruled.HostLeaves}) // before anybody comes; the rest holds from the first seat on
	s.wg.Go(func() { e.Run(ctx) })
	return e, nil
}

// Act does in a room what a control message of a program says. Errors are those that a participant
// would be told; ErrNotFound says that there is no such room.
func (s *Server) Act(name string, grant policy.Grant, command control.Message) error {
	if room.Beyond(command) && grant.May(command.Type()) == nil {
		err := door{s}.beyond(name, command) // the program waits for it
		s.env.Decided(policy.Ruling{Room: name, Action: command.Type(), Who: grant.Identity, By: grant.By, Whom: control.Whom(command), Err: err})
		return err
	}
	r := s.room(name)
	if r == nil {
		return fmt.Errorf("room %q: %w", name, ErrNotFound)
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

// NewDecoder returns a decoder for a stream that no room shows yet, which the caller closes. It decodes where
// cameras are decoded, and is held to their limits. It decodes while Run runs.
func (s *Server) NewDecoder(kind codec.Kind) (codec.VideoDecoder, error) {
	return videoCodecs{limits: s.decoders.limits, workers: s.decoders.trials}.NewDecoder(kind)
}

// Relays returns how many viewers each room has that this server relays.
func (s *Server) Relays() map[string]int { return door{s}.relayed() }

// Inside returns how many clients have entered a room that is mixed here.
func (s *Server) Inside(room string) int { return door{s}.entered(room) }
