package mcu

import "time"

const (
	// maxLean is how far the picture clock leans in one tick.
	maxLean = time.Millisecond
	// margin is how long before its tick a picture should be ready, so that the
	// jitter of line and decoder makes none late.
	margin = 3 * time.Millisecond
)

// lean returns how much later the next tick is to be, negative for earlier, so
// that a camera whose last picture waited this long for its tick waits for the
// margin. It goes the shorter way round, a little at a time: a camera of another
// frame rate pulls to either side alike.
func lean(waited, period time.Duration) time.Duration {
	late := waited - margin
	if late > period/2 {
		late -= period
	}
	return min(max(-late/4, -maxLean), maxLean)
}
