package mcu

import (
	"errors"
	"fmt"

	"tilemix/mcu/control"
	"tilemix/mcu/room"
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
