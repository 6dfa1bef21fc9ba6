package broadcast

import "time"

// tick is the time between pictures of a full rate.
const tick = time.Second / 30

// cadence puts pictures on a grid of ticks: times of a clock that is woken by the kernel
// are some milliseconds off, and parts of equal length are made of pictures of equal
// length (RFC 8216bis §4.4.4.9: 85 % of the longest at least). A picture is at most three
// quarters of a tick off its time, for its sound's sake.
type cadence struct {
	begun bool
	at    time.Duration // of the picture before
	last  time.Duration // where it was put
}

// place returns where a picture goes, later than all before.
func (c *cadence) place(at time.Duration) time.Duration {
	if !c.begun {
		c.begun, c.at, c.last = true, at, at
		return at
	}
	steps := time.Duration(1)
	if off := at - (c.last + tick); at-c.at > tick*3/2 || off > tick*3/4 {
		steps = (at - c.last + tick/2) / tick // there was a pause, or the clock is slow
	}
	c.at = at
	c.last += max(steps, 1) * tick
	return c.last
}
