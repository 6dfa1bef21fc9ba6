package broadcast

import "time"

// tick is the time between pictures at the full frame rate.
const tick = time.Second / 30

// cadence puts pictures on a grid of ticks, because the kernel wakes the picture clock some
// milliseconds late. Parts must have equal lengths, at least 85 % of the longest (RFC 8216bis
// §4.4.4.9), so pictures must too. A picture moves by at most three quarters of a tick, to stay
// with its sound. It belongs to one goroutine.
type cadence struct {
	begun bool
	at    time.Duration // time of the last picture
	last  time.Duration // its place on the grid
}

// place returns the place of a picture, later than all before.
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
