package event

import "time"

// Span says how long something took, for traces. Packages report it when that something ends, by a func(Span),
// which may be nil. That function must not block and must be safe for concurrent use.
type Span struct {
	// Name is join (from the request to a media connection that stands), participant (from then on),
	// lobby (the same of one that waits to be let in), recording, or output (one attempt of it).
	Name    string
	Request string // ID of the request by which it began; "": by none
	Room    string
	ID      string // public ID of the participant, or ID of the recording or output
	Begin   time.Time
	End     time.Time
	Err     string // why it failed; "": it did not
}
