package rtc

import "time"

const (
	// tickOfReference is what reference times count in.
	tickOfReference = 64 * time.Millisecond
	// maxDrift is how much more or less may pass by the receiver's clock than by ours
	// between two of his reports, which may themselves have been held up.
	maxDrift = 5 * time.Second
	// maxBack is how much older a report may be than the one before.
	maxBack = time.Second
	// afterLeap is more than an estimator remembers of arrivals, which so begin anew.
	afterLeap = 15 * time.Second
)

// receiverClock follows a receiver's clock by the reference times of his reports, which
// have 24 bits and begin anywhere (draft-holmer-rmcat-transport-wide-cc-extensions-01
// §3.1). The first report's is 0.
type receiverClock struct {
	at        time.Duration // of reference
	reference uint32
	told      time.Duration // when it came, by our clock
	began     bool
}

// tell takes a reference time that came now. It fails where the receiver's clock leapt:
// that report's times are worth nothing, the next one's are again.
func (c *receiverClock) tell(reference uint32, now time.Duration) bool {
	passed := now - c.told
	step := time.Duration(int32((reference-c.reference)<<8)>>8) * tickOfReference
	first := !c.began
	c.began, c.reference, c.told = true, reference, now
	if first {
		return true
	}
	if off := step - passed; off > maxDrift || off < -maxDrift || step < -maxBack {
		c.at += passed + afterLeap
		return false
	}
	c.at += step
	return true
}
