// Package sidecar reads and writes the JSON file beside a recording, which says what the recording is.
//
// The file is replaced as a whole, so that a reader never sees half of it. While a recording runs,
// its file ends in blanks: a full disk then still takes the last state, in the place of the old one.
package sidecar

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Ending is the end of the names of these files; what is in front of it is the recording's ID.
const Ending = ".json"

// State is how far a recording is.
type State string

// The states of a recording. Finished and Failed are final.
const (
	Starting  State = "starting"  // the file is empty
	Recording State = "recording" // the file grows
	Paused    State = "paused"    // the file does not grow, and may grow again
	Finished  State = "finished"  // the file is whole; Info.Reason says why it ended if no client stopped it
	Failed    State = "failed"    // the file ends where the fault of Info.Reason came
)

// Ended says that the state is final.
func (s State) Ended() bool { return s == Finished || s == Failed }

// Info is what the file says. It is a value; its slices are not changed once they are shared.
type Info struct {
	ID      string    `json:"id"`
	Room    string    `json:"room"`
	State   State     `json:"state"`
	Reason  string    `json:"reason,omitempty"`
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	Length  float64   `json:"length"` // seconds
	Size    int64     `json:"size"`   // bytes
	Audio   string    `json:"audio"`  // codec: opus or aac
	// View is what the mix shows, or showed last: a name or JSON, see views.Parse; "": the room's.
	View string `json:"view,omitempty"`
	// Notice says why that is not what was wished; "": it is.
	Notice string `json:"notice,omitempty"`
	// Access units and packets of the mix, and of tracks, for which the disk was too slow.
	DroppedPictures uint64 `json:"droppedPictures,omitempty"`
	DroppedPackets  uint64 `json:"droppedPackets,omitempty"`
	DroppedTracks   uint64 `json:"droppedTracks,omitempty"`

	// Times of the time line are seconds since the recording was requested: where the mix begins, what
	// it leaves out, and when participants were present.
	Start        float64  `json:"start"`
	Pauses       []Pause  `json:"pauses,omitempty"`
	Participants []Person `json:"participants,omitempty"`
	// ParticipantsOmitted counts those for which the list had no place.
	ParticipantsOmitted uint64 `json:"participantsOmitted,omitempty"`

	// Options are what the client wished, as JSON, so that a part which follows is like this one.
	Options json.RawMessage `json:"options,omitempty"`
	// Request is the ID of the request by which it began; "": by none, or before a crash. The file does not have it.
	Request string `json:"-"`
	// Part is 2 or more of what follows a crash of the server. Of is the ID of the first part then.
	Part int    `json:"part,omitempty"`
	Of   string `json:"of,omitempty"`
	// Parts are all parts of a recording that a crash has cut, in order. The file does not have them.
	Parts []part `json:"parts,omitempty"`
}

// part is a part of a recording that a crash of the server has cut.
type part struct {
	ID      string    `json:"id"`
	State   State     `json:"state"`
	Started time.Time `json:"started"`
	Length  float64   `json:"length"` // seconds
	Size    int64     `json:"size"`   // bytes
}

// First returns the ID of the first part.
func (i Info) First() string { return cmp.Or(i.Of, i.ID) }

// Join lists the parts of the recording among all. A recording that no crash has cut has none.
func (i *Info) Join(all []Info) {
	var parts []part
	// Not by the time, which may go back between two parts: a machine may begin again with another clock.
	for _, o := range slices.SortedStableFunc(slices.Values(all), func(a, b Info) int { return cmp.Compare(a.Part, b.Part) }) {
		if o.First() == i.First() {
			parts = append(parts, part{ID: o.ID, State: o.State, Started: o.Started, Length: o.Length, Size: o.Size})
		}
	}
	if len(parts) > 1 {
		i.Parts = parts
	}
}

// Pause is a span that the mix leaves out.
type Pause struct {
	At     float64 `json:"at"`     // seconds of the file
	Length float64 `json:"length"` // seconds
}

// Person is a participant of a recorded call.
type Person struct {
	ID     string  `json:"id"`
	Name   string  `json:"name"`
	Joined float64 `json:"joined"`
	Left   float64 `json:"left,omitempty"` // 0: the participant stayed to the end
	Tracks []Track `json:"tracks,omitempty"`
}

// Track is what a participant sent of one kind, in a file of its own.
type Track struct {
	Kind  string  `json:"kind"`  // video or audio
	Codec string  `json:"codec"` // h264 or opus
	File  string  `json:"file,omitempty"`
	Start float64 `json:"start"` // of the file, seconds on the time line
	// Reason says why the file ends early, or why there is none.
	Reason string `json:"reason,omitempty"`
}

// Load reads the file of a recording in a folder.
func Load(dir, id string) (Info, error) {
	data, err := os.ReadFile(filepath.Join(dir, id+Ending))
	if err != nil {
		return Info{}, err
	}
	var i Info
	if err := json.Unmarshal(data, &i); err != nil {
		return Info{}, fmt.Errorf("%s%s: %w", id, Ending, err)
	}
	if i.ID != id {
		return Info{}, fmt.Errorf("%s%s is of another recording", id, Ending)
	}
	if plain := new(bytes.Buffer); json.Compact(plain, i.Options) == nil { // the file is indented
		i.Options = plain.Bytes()
	}
	return i, nil
}

// Has says that a file name is that of one of the tracks.
func (i Info) Has(name string) bool {
	return slices.ContainsFunc(i.Participants, func(p Person) bool {
		return slices.ContainsFunc(p.Tracks, func(t Track) bool { return t.File == name })
	})
}
