package rendition

import (
	"time"

	"tilemix/mcu/ladder"
)

const (
	// stands (100 ms) is how long a picture has not changed that is taken to stand still.
	stands = 100 * time.Millisecond
	// news is by how much an access unit is larger than an average one if it shows something new. Those
	// of a picture that stands still, and that a sender repeats, are smaller.
	news = 8
	// again (20) is how often a picture that stands still is encoded once more. Each time adds detail,
	// because rate control has bits left.
	again = 20
)

// sharpness decides when a picture that stands still is encoded again for its detail. It belongs to its
// rendition. The zero value never does so.
type sharpness struct {
	on      bool
	left    int       // encodes
	fresh   bool      // the picture at the producer differs from the one before
	changed time.Time // when the last one that differs was handed over
}

// due tells whether a picture that has not changed is to be encoded.
func (s *sharpness) due(now time.Time) bool {
	return s.on && s.left > 0 && now.Sub(s.changed) >= stands
}

// begin takes note that a picture is handed over.
func (s *sharpness) begin(fresh bool, now time.Time) {
	if s.fresh = fresh; fresh {
		s.changed = now
	} else if s.left > 0 {
		s.left--
	}
}

// made takes note of the size of its access unit, in bytes.
func (s *sharpness) made(size int, rung ladder.Rung) {
	if s.fresh && size*8*max(rung.FrameRate, 1) > news*rung.Bitrate {
		s.left = again
	}
}
