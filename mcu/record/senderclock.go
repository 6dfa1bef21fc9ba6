package record

import (
	"time"

	"tilemix/codec/pcm"
	"tilemix/mcu/media"
)

const (
	// transitSpan is how long the fastest transit of a participant's sound is remembered.
	transitSpan = 10 * time.Second
	// jumped is how far a sender's clock may be off before it counts as another clock.
	jumped = 2 * time.Second
)

// senderClock places what a participant sends on the room's clock. By the sender's reports it takes
// the sender's clock for sound and picture, so that they keep together. The fastest of the last
// packets says how the two clocks differ, which changes slowly.
type senderClock struct {
	known      bool
	now, prior time.Duration // least transits of this span and the one before
	since      time.Duration

	// Without reports the sound counts by its timestamps.
	counting bool
	first    uint32
	began    time.Duration
}

func unix() time.Time { return time.Unix(0, 0) }

// observe learns from a packet of sound.
func (c *senderClock) observe(at media.Time) {
	if at.Captured.IsZero() {
		return
	}
	transit := at.Arrived - at.Captured.Sub(unix())
	switch {
	case !c.known || (transit-c.now).Abs() > jumped:
		c.known, c.now, c.prior, c.since = true, transit, transit, at.Arrived
	case at.Arrived-c.since > transitSpan:
		c.prior, c.now, c.since = c.now, transit, at.Arrived
	default:
		c.now = min(c.now, transit)
	}
}

// place returns when a picture was captured, on the room's clock.
func (c *senderClock) place(at media.Time) time.Duration {
	if c.known && !at.Captured.IsZero() {
		return at.Captured.Sub(unix()) + min(c.now, c.prior)
	}
	return at.Arrived
}

// count returns when sound was captured, on the room's clock.
func (c *senderClock) count(at media.Time) time.Duration {
	if !at.Captured.IsZero() {
		c.counting = false
		return c.place(at)
	}
	since := time.Duration(int32(at.Timestamp-c.first)) * time.Second / pcm.Rate
	if d := at.Arrived - c.began - since; !c.counting || d.Abs() > jumped {
		c.counting, c.first, c.began, since = true, at.Timestamp, at.Arrived, 0
	}
	return c.began + since
}
