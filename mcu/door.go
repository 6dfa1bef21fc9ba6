package mcu

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"tilemix/mcu/admission"
	"tilemix/mcu/control"
	"tilemix/mcu/relay"
	"tilemix/mcu/room"
	"tilemix/mcu/scene"
	"tilemix/mcu/views/pool"
)

// door takes participants from room to room, and in and out of lobbies, as commands say. It is safe
// for concurrent use.
type door struct{ *Server }

// serves has rooms use the door.
func (d door) serves(env *room.Env) {
	env.Beyond, env.Waiting, env.Queued = d.beyond, d.Waiting, d.queued
}

// beyond does what a command of a host or a program says that reaches beyond the room.
func (d door) beyond(name string, command control.Message) error {
	switch c := command.(type) {
	case control.Move:
		return d.Move(name, c.ID, c.Room)
	case control.Back:
		return d.SendToLobby(name, c.ID)
	case control.Admit:
		return d.each(name, c.IDs, c.All, func(id string) error { return d.Admit(name, id) })
	case control.Reject:
		return d.each(name, c.IDs, c.All, func(id string) error { return d.Reject(name, id, c.Reason) })
	}
	return fmt.Errorf("a message of type %s reaches nothing beyond a room", command.Type())
}

// each does something with those who wait: some, or all in the order in which they came. An error
// with one does not stop the others. Nobody is missed of all who has left meanwhile.
func (d door) each(name string, ids []string, all bool, do func(id string) error) error {
	var failed []error
	for _, id := range ids {
		if err := do(id); err != nil {
			failed = append(failed, err)
		}
	}
	if all {
		for _, w := range d.Waiting(name) {
			if err := do(w.ID); err != nil && !errors.Is(err, ErrNotFound) {
				return err // the room is full, so it is for the others
			}
		}
	}
	return errors.Join(failed...)
}

// queued tells a room that others wait in its lobby than before.
func (d door) queued(name string) {
	if r := d.room(name); r != nil {
		r.LobbyChanged()
	}
}

// between counts what passes between this server and another one: a viewer into a relay, or a relay into a room. The
// caller holds the server's lock.
func (d door) between(o JoinOptions) (*place, error) {
	if o.Relay {
		return d.relay(o)
	}
	e := d.rooms[o.Room]
	if e == nil || d.closed {
		return nil, fmt.Errorf("room %q: %w", o.Room, ErrNotFound)
	}
	p := &place{server: d.Server, entry: e, receives: true, pulls: true}
	var err error
	if p.ticket, err = d.waiting.Enter(o.From, time.Now(), p.evict); err != nil {
		return nil, err
	}
	e.inside++
	return p, nil
}

// relay counts a viewer into the relay of a room that another node has, which begins with the first one. What the
// home knows of the room, its rules too, holds there. The caller holds the server's lock.
func (d door) relay(o JoinOptions) (*place, error) {
	e := d.relays[o.Room]
	if err := d.space(e, true); err != nil {
		return nil, err
	}
	if e == nil && (d.cfg().Relay == nil || len(d.relays) >= d.cfg().MaxRooms) {
		return nil, fmt.Errorf("%w: it relays %d rooms", ErrServerFull, len(d.relays))
	}
	p := &place{server: d.Server, entry: e, receives: true}
	var err error
	if p.ticket, err = d.waiting.Enter(o.From, time.Now(), p.evict); err != nil {
		return nil, err
	}
	if e == nil {
		if p.entry, err = d.pass(o.Room); err != nil {
			d.waiting.Leave(p.ticket)
			return nil, err
		}
	}
	p.entry.inside++
	return p, nil
}

// pass makes the relay of a room.
func (d door) pass(name string) (*entry, error) {
	env := d.env
	d.furnish(&env)
	env.Codecs, env.Seats, env.Overlays, env.Views = videoCodecs{limits: d.decoders.limits}, nil, nil, pool.NewAllotment(0) // nothing is decoded
	env.Waiting, env.Queued = func(string) []scene.Waiter { return nil }, func(string) {}
	ctx, cancel := context.WithCancel(d.ctx)
	env.Log = d.log.With("relay", true)
	env.Relay = relay.New(relay.Config{Room: name, Exchange: d.cfg().Relay, Gone: cancel, Metrics: d.pulls, Log: env.Log.With("room", name)})
	r, err := room.New(name, env)
	if err != nil {
		cancel()
		return nil, err
	}
	e := &entry{Room: r, relay: true, end: cancel, most: env.MaxParticipants}
	d.relays[name] = e
	d.wg.Go(func() { e.Run(ctx) })
	return e, nil
}

// mayMake tells whether a client from an address may make one more room. The caller holds s.mu.
func (s door) mayMake(from netip.Prefix) error {
	made := 0
	for _, of := range []map[string]*entry{s.rooms, s.lobbies} {
		for _, e := range of {
			if from.IsValid() && e.maker == from {
				made++
			}
		}
	}
	if made >= max(1, s.cfg().MaxRooms/roomShare) {
		return fmt.Errorf("%w: your address has made %d of the server's rooms", admission.ErrBusy, made)
	}
	return nil
}

// relayed is Server.Relays.
func (d door) relayed() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make(map[string]int, len(d.relays))
	for name, e := range d.relays {
		all[name] = e.inside
	}
	return all
}

// entered is Server.Inside.
func (d door) entered(room string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.rooms[room]; e != nil {
		return e.inside
	}
	return 0
}
