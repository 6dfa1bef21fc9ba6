package session

import "time"

const (
	// limitInterval (1 s) is the time between two limits of a bitrate.
	limitInterval = time.Second
	// limitNone (20 Mbit/s) lifts a limit.
	limitNone = 20_000_000
)

// limiter repeats a limit to a sender (REMB). It belongs to the goroutine that reads the
// sender's track.
type limiter struct {
	bps int64
	at  time.Time
}

// limit is called with each packet and the limit there is now; 0 is none.
func (l *limiter) limit(t interface{ LimitBitrate(bps int) }, bps int64, now time.Time) {
	switch {
	case bps == l.bps && (bps == 0 || now.Sub(l.at) < limitInterval):
		return
	case bps == 0:
		t.LimitBitrate(limitNone)
	default:
		t.LimitBitrate(int(bps))
	}
	l.bps, l.at = bps, now
}
