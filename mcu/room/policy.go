package room

import "errors"

// Role is what a participant is in a room.
type Role uint8

// The roles.
const (
	RoleParticipant Role = iota
	RoleViewer           // only receives
)

// Action is what a command does.
type Action uint8

// The actions.
const (
	ActMute   Action = iota // one's own microphone and camera
	ActChat                 // with all in the room
	ActLayout               // of the room's view
)

// Policy decides what a role may do.
type Policy interface {
	// May returns nil, or the reason for the actor not to do it, in words for its user.
	May(actor Role, do Action) error
}

var (
	errViewer = errors.New("viewers cannot send this message")
	errLayout = errors.New("there is no layout of that name")
)

// OpenPolicy allows participants everything and viewers nothing.
type OpenPolicy struct{}

// May is Policy's.
func (OpenPolicy) May(actor Role, _ Action) error {
	if actor == RoleViewer {
		return errViewer
	}
	return nil
}
