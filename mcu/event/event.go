// Package event defines the events that leave the server, for example as webhooks.
//
// Rooms ([tilemix/mcu.Config]), recorders and outputs report events by a func(Event), which
// may be nil. That function must not block and must be safe for concurrent use.
//
// # Why
//
// The server's lock decides whether a room exists. The server announces the start and the
// end of a room under that lock, so they keep their order when a room ends and starts again
// at once.
package event

import (
	"crypto/rand"
	"time"

	"tilemix/mcu/quality"
)

// Type is the kind of an event.
type Type string

// All events. A room reports its own in the order in which they happen.
const (
	RoomStarted        Type = "room.started" // the first participant has joined
	RoomEnded          Type = "room.ended"   // the last participant has left; it follows that participant.left
	RoomEnding         Type = "room.ending"  // the time of the call is over in 5 min, or in 1 min
	ParticipantJoined  Type = "participant.joined"
	ParticipantLeft    Type = "participant.left"
	ParticipantWaiting Type = "participant.waiting" // it is to be let into the room
	ParticipantRole    Type = "participant.role"
	ParticipantKicked  Type = "participant.kicked" // participant.left follows
	HandRaised         Type = "hand.raised"
	HandLowered        Type = "hand.lowered"
	ScreenStarted      Type = "screen.started"      // the screen of the participant has come into view
	ScreenStopped      Type = "screen.stopped"      // it has gone
	ParticipantQuality Type = "participant.quality" // how good its media is has changed
	RoomLocked         Type = "room.locked"
	RoomUnlocked       Type = "room.unlocked"
	RecordingStarted   Type = "recording.started"
	RecordingFinished  Type = "recording.finished" // the file is complete
	RecordingFailed    Type = "recording.failed"   // the file has what was written before
	ViewFallen         Type = "view.fallen"        // a recording, an output or a broadcast has the room's view, because the server is too busy for its own
	// RecordingCopied says that a copy of the recording is whole, and RecordingCopyFailed that the first
	// attempt to copy it failed; others follow.
	RecordingCopied     Type = "recording.copied"
	RecordingCopyFailed Type = "recording.copy_failed"
	OutputUp            Type = "output.up"   // the remote server receives the mix, for the first time or again
	OutputDown          Type = "output.down" // the output was up, or could not start
)

// Event is one event. Those of a participant, a recording or an output have the field of
// that name; the other fields are nil.
type Event struct {
	ID          string       `json:"id"` // unique
	Type        Type         `json:"type"`
	Time        time.Time    `json:"time"` // UTC
	Room        string       `json:"room"`
	Participant *Participant `json:"participant,omitempty"`
	Recording   *Recording   `json:"recording,omitempty"`
	Output      *Output      `json:"output,omitempty"`
	View        *View        `json:"view,omitempty"` // of view.fallen
	// Quality is how good the participant's media is, and why: of participant.quality.
	Quality *quality.Finding `json:"quality,omitempty"`
}

// Participant is the participant or viewer who joined or left.
type Participant struct {
	ID     string `json:"id"` // the public one, which others in the room see
	Name   string `json:"name"`
	Viewer bool   `json:"viewer"` // only receives, and has no tile
}

// Recording is the recording that started or ended, or was copied.
type Recording struct {
	ID      string  `json:"id"`
	Seconds float64 `json:"seconds"`          // of media so far
	Bytes   int64   `json:"bytes"`            // of the file so far
	Reason  string  `json:"reason,omitempty"` // why it failed
	Part    int     `json:"part,omitempty"`   // 2 or more: it goes on after a crash of the server
	Of      string  `json:"of,omitempty"`     // ID of the first part then
	URL     string  `json:"url,omitempty"`    // of its copy
}

// Output is the output that went up or down.
type Output struct {
	ID     string `json:"id"`
	URL    string `json:"url"`              // without its secret parts
	Reason string `json:"reason,omitempty"` // why it is down
}

// View is a view that was taken away.
type View struct {
	View string `json:"view"` // a name or JSON
	Of   string `json:"of"`   // whose it was: "recording ID", "output ID" or "broadcast"
}

// New returns an event with a new ID and the current time.
func New(kind Type, room string) Event {
	return Event{ID: rand.Text(), Type: kind, Time: time.Now().UTC(), Room: room}
}
