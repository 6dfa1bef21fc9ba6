package mcu

import (
	"image"
	"sync/atomic"

	"tilemix/mcu/ingest"
	"tilemix/mcu/rtc/send"
)

// scene is an immutable snapshot of who is where. Scenes form a chain: the
// room's loop makes the next one, and each clock walks the chain from the scene
// it last saw, so that it sees all of them and can let go of what has departed.
type scene struct {
	seats    []seat
	sinks    []*attachment
	departed []departed // since the scene before

	next       atomic.Pointer[scene]
	superseded chan struct{} // closed when next is there
}

// seat is a participant at one time.
type seat struct {
	p     *Participant
	video *ingest.Video // nil: he sends none
	voice *ingest.Voice // nil: he sends none

	picture *send.Downlink // nil: he receives none
	sound   *send.Downlink // nil: he receives none

	tile      image.Rectangle // empty: he has none
	hidden    int             // how many have none, on the last tile
	muted     bool
	cameraOff bool
	speaking  bool
	floor     bool // he has it
	lost      bool // he has no connection
	unheard   bool // he has no control connection
}

// departed is media that no later scene has. Each clock releases its own.
type departed struct {
	p     *Participant
	video *ingest.Video
	voice *ingest.Voice
	sink  *attachment
	left  bool // p has
}

func newScene() *scene { return &scene{superseded: make(chan struct{})} }

// cameras tells whether anybody who is seen sends video.
func (s *scene) cameras() bool {
	for i := range s.seats {
		if s.seats[i].video != nil && !s.seats[i].tile.Empty() {
			return true
		}
	}
	return false
}

// watched tells whether anybody receives the picture.
func (s *scene) watched() bool {
	if len(s.sinks) > 0 {
		return true
	}
	for i := range s.seats {
		if s.seats[i].picture != nil {
			return true
		}
	}
	return false
}

// audible tells whether anybody sends sound and anybody hears it. Sinks hear silence
// too.
func (s *scene) audible() bool {
	if len(s.sinks) > 0 {
		return true
	}
	var sent, heard bool
	for i := range s.seats {
		sent = sent || s.seats[i].voice != nil
		heard = heard || s.seats[i].sound != nil
	}
	return sent && heard
}
