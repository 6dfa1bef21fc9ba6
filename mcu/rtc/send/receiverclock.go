package send

import "time"

const (
	// referenceTick is the unit of reference times.
	referenceTick = 64 * time.Millisecond
	// maxDrift is how much more or less time may pass by the receiver's clock than by ours
	// between two reports, which may themselves have been delayed.
	maxDrift = 5 * time.Second
	// maxBack is how much older a report may be than the one before.
	maxBack = time.Second
	// afterLeap is longer than an estimator remembers arrivals, which therefore begin anew.
	afterLeap = 15 * time.Second
)

// receiverClock follows a receiver's clock by the reference times of its reports. They
// have 24 bits and begin anywhere (draft-holmer-rmcat-transport-wide-cc-extensions-01
// §3.1). The first report's is 0.
type receiverClock struct {
	at        time.Duration // of reference
	reference uint32
	came      time.Duration // when it came, by our clock
	began     bool
}

// follow takes a reference time that came now. It fails where the receiver's clock leapt:
// the times of that report are not valid, those of the next one are again.
func (c *receiverClock) follow(reference uint32, now time.Duration) bool {
	passed := now - c.came
	step := time.Duration(int32((reference-c.reference)<<8)>>8) * referenceTick
	first := !c.began
	c.began, c.reference, c.came = true, reference, now
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
