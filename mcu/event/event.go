// Package event says what happens in rooms, for those who are told of it outside.
//
// Whoever makes events calls a func(Event) that he was given, which may be nil: rooms
// ([tilemix/mcu.Config]), recorders, outputs. It must not block and is safe for
// concurrent use.
//
// # Why
//
// Whether a room exists is decided under the server's lock. Its start and its end are
// announced there, so they keep their order when a room ends and starts again at once.
package event

import (
	"crypto/rand"
	"time"
)

// Type is the kind of an event.
type Type string

// All events. A room's own are told in the order in which they happen.
const (
	RoomStarted       Type = "room.started" // somebody is the first to enter
	RoomEnded         Type = "room.ended"   // the last has left; it comes after his participant.left
	ParticipantJoined Type = "participant.joined"
	ParticipantLeft   Type = "participant.left"
	RecordingStarted  Type = "recording.started"
	RecordingFinished Type = "recording.finished" // its file is whole
	RecordingFailed   Type = "recording.failed"   // what was written before stays
	OutputUp          Type = "output.up"          // the far end takes the mix, for the first time or again
	OutputDown        Type = "output.down"        // it was up, or could not be brought up
)

// Event is something that has happened. Those of a participant, a recording or an
// output have the field of that name; all others are nil.
type Event struct {
	ID          string       `json:"id"` // no other event has it
	Type        Type         `json:"type"`
	Time        time.Time    `json:"time"` // UTC
	Room        string       `json:"room"`
	Participant *Participant `json:"participant,omitempty"`
	Recording   *Recording   `json:"recording,omitempty"`
	Output      *Output      `json:"output,omitempty"`
}

// Participant is who joined or left.
type Participant struct {
	ID     string `json:"id"` // the one that others in the room know
	Name   string `json:"name"`
	Viewer bool   `json:"viewer"` // has no tile
}

// Recording is one that started or ended.
type Recording struct {
	ID      string  `json:"id"`
	Seconds float64 `json:"seconds"`          // of media so far
	Bytes   int64   `json:"bytes"`            // of the file so far
	Reason  string  `json:"reason,omitempty"` // of the failure
}

// Output is a push to elsewhere.
type Output struct {
	ID     string `json:"id"`
	URL    string `json:"url"`              // without what is secret in it
	Reason string `json:"reason,omitempty"` // of its being down
}

// New returns an event that happens now, with an ID of its own.
func New(kind Type, room string) Event {
	return Event{ID: rand.Text(), Type: kind, Time: time.Now().UTC(), Room: room}
}
