package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// State is how far a recording is.
type State string

// The states of a recording. Finished and Failed are final.
const (
	Starting  State = "starting"  // nothing is written yet
	Recording State = "recording" // it grows
	Paused    State = "paused"    // it does not grow, and may go on
	Finished  State = "finished"  // it is whole; Info.Reason says why it ended where nobody asked for it
	Failed    State = "failed"    // it ends where Info.Reason came between
)

// Ended tells whether nothing will be written any more.
func (s State) Ended() bool { return s == Finished || s == Failed }

// Info says what there is to know of a recording. It is what the file beside it says.
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
	// What a disk was too slow for.
	DroppedPictures uint64 `json:"droppedPictures,omitempty"`
	DroppedPackets  uint64 `json:"droppedPackets,omitempty"`
	DroppedTracks   uint64 `json:"droppedTracks,omitempty"`

	// The time line, in seconds since the recording was asked for: where the mix begins, what
	// of it was left out, who was there. Tracks are in files of their own.
	Start        float64  `json:"start"`
	Pauses       []Pause  `json:"pauses,omitempty"`
	Participants []Person `json:"participants,omitempty"`

	resumed bool // it was paused before
}

// Pause is what the mix leaves out.
type Pause struct {
	At     float64 `json:"at"`     // seconds of the file
	Length float64 `json:"length"` // seconds
}

// Endings of the names of a recording's files.
const (
	mediaFile = ".mp4"
	infoFile  = ".json"
)

// load reads the file beside a recording.
func load(dir, id string) (Info, error) {
	data, err := os.ReadFile(filepath.Join(dir, id+infoFile))
	if err != nil {
		return Info{}, err
	}
	var i Info
	if err := json.Unmarshal(data, &i); err != nil {
		return Info{}, fmt.Errorf("%s%s: %w", id, infoFile, err)
	}
	if i.ID != id {
		return Info{}, fmt.Errorf("%s%s is of another recording", id, infoFile)
	}
	return i, nil
}

// reason says what went wrong with a file, and not where: paths of the server are for
// its log.
func reason(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Op + ": " + p.Err.Error()
	}
	return err.Error()
}

// has tells whether a file is that of a track.
func (i Info) has(name string) bool {
	return slices.ContainsFunc(i.Participants, func(p Person) bool {
		return slices.ContainsFunc(p.Tracks, func(t Track) bool { return t.File == name })
	})
}
