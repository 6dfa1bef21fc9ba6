// Package policy decides what a participant may do in a room. It is asked at the one door by
// which commands enter a room (package room).
package policy

import "errors"

// Role is what a participant is in a room.
type Role uint8

// The roles.
const (
	Participant Role = iota
	Viewer           // only receives
)

// Permission is what a command needs.
type Permission uint8

// The permissions.
const (
	Mute   Permission = iota // one's own microphone and camera
	Chat                     // with all in the room
	Layout                   // of the room's view
	Other                    // what no room knows
)

// Policy decides what a role may do. It is safe for concurrent use.
type Policy interface {
	// May returns nil, or the reason for the actor not to do it, in words for its user.
	May(actor Role, do Permission) error
}

var errViewer = errors.New("viewers cannot send this message")

// Open allows participants everything and viewers nothing.
type Open struct{}

// May is Policy's.
func (Open) May(actor Role, _ Permission) error {
	if actor == Viewer {
		return errViewer
	}
	return nil
}
