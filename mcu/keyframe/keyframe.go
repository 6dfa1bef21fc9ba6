// Package keyframe keeps key frames (IDRs) the room's budget. Time is an argument.
//
//	viewer's request ──▶ Budget: may this viewer cause one? ──▶ Requests: one a second ──▶ encoder
//
// Every viewer of a rendition pays for each of its key frames, because a key frame is
// many times as large as another picture. So requests coalesce (Requests), and each
// viewer may cause two key frames at once, then one after 5, 10 and 20 s (Budget).
//
// # Why
//
// An IDR that one viewer requests is sent to all viewers of the rendition. Each viewer may
// therefore cause two at once, then one after 5, 10 and 20 s. Ten seconds without a request
// restore one. Access units that were dropped for a slow path count as a request.
//
// A viewer without budget moves to the next smaller rendition. There it is usually the only
// viewer, so its key frames cost nobody else. It moves back after 6 s without loss, or after
// up to a minute where moves back failed.
package keyframe

import (
	"sync/atomic"
	"time"
)

// Interval (1 s) is the least time between two key frames of a rendition that requests
// cause.
const Interval = time.Second

// Requests coalesces the requests for key frames of one encoder. Request is safe for
// concurrent use; the rest belongs to the goroutine that encodes. The zero value is
// ready.
type Requests struct {
	wanted atomic.Bool
	last   time.Time
}

// Request asks for a key frame.
func (s *Requests) Request() { s.wanted.Store(true) }

// Due tells whether a key frame was asked for and may be made.
func (s *Requests) Due(now time.Time) bool { return s.wanted.Load() && s.Age(now) >= Interval }

// Made takes note of a key frame.
func (s *Requests) Made(now time.Time) {
	s.last = now
	s.wanted.Store(false)
}

// Age returns how long ago the last key frame was made.
func (s *Requests) Age(now time.Time) time.Duration { return now.Sub(s.last) }

// intervals are the least times between the key frames that one viewer causes, by how
// many it lately did. It has the first two at once, so that a lost picture is repaired.
var intervals = [...]time.Duration{0, 0, 5 * time.Second, 10 * time.Second, 20 * time.Second}

// refill (10 s) is how long a viewer asks for nothing until one of its key frames is
// forgotten.
const refill = 10 * time.Second

// Budget bounds the key frames that one viewer causes. It belongs to one goroutine. The
// zero value is ready.
type Budget struct {
	spent int // Invariant: 0 <= spent < len(intervals)
	asked time.Time
	given time.Time
}

// Ask takes note of a request and tells whether it may cause a key frame.
func (b *Budget) Ask(now time.Time) bool {
	if quiet := now.Sub(b.asked) / refill; quiet > 0 {
		b.spent = max(0, b.spent-int(min(quiet, time.Duration(len(intervals)))))
	}
	b.asked = now
	return now.Sub(b.given) >= intervals[b.spent]
}

// Spend takes note of a key frame that the viewer caused.
func (b *Budget) Spend(now time.Time) {
	b.given = now
	b.spent = min(b.spent+1, len(intervals)-1)
}
