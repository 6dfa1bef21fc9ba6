package rtptime

import "time"

const (
	// maxCorrection is how far one tick is moved at most.
	maxCorrection = time.Millisecond
	// readyBefore is how long before its tick a picture should be ready, so that the
	// jitter of network and decoder makes no picture late.
	readyBefore = 3 * time.Millisecond
)

// PhaseCorrection returns how much later the next tick is to be, negative for earlier, so that
// the pictures of a camera come to wait 3 ms (readyBefore) for their tick. Waited is how long the
// last picture did. The correction takes the shorter way round, at most 1 ms (maxCorrection) at a
// time, so a camera of another frame rate pulls to either side alike.
func PhaseCorrection(waited, period time.Duration) time.Duration {
	late := waited - readyBefore
	if late > period/2 {
		late -= period
	}
	return min(max(-late/4, -maxCorrection), maxCorrection)
}
