package jitter

import "time"

// Playing returns the timestamp of the sample that a caller who holds this many from
// before plays next, and its delay if he plays it at now. ok is false while there is
// no sound, and while it is made up.
func (b *Buffer) Playing(held int, now time.Time) (timestamp uint32, delay time.Duration, ok bool) {
	if !b.running || b.filled > 0 {
		return 0, 0, false
	}
	return uint32(b.at) - uint32(held), duration(b.delay(held, now)), true
}

// Raise has the buffer steer to a delay that is this much longer than the packets
// need, so that the sound waits for something else.
func (b *Buffer) Raise(by time.Duration) { b.raised = int64(by/time.Microsecond) * ms / 1000 }
