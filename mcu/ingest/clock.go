package ingest

import (
	"sync/atomic"
	"time"

	"tilemix/mcu/rtptime"
)

// senderClock is a sender's clock, as the last report gives it (RFC 3550 §6.4.1). One
// goroutine sets it, any may read it. The zero value knows nothing.
type senderClock struct {
	rate int64 // of the timestamps, in Hz
	last atomic.Pointer[senderReport]
}

// senderReport says which timestamp is what time.
type senderReport struct {
	time      time.Time
	timestamp uint32
}

// set takes a report's NTP time and timestamp. Zero is no time.
func (c *senderClock) set(ntp uint64, timestamp uint32) {
	if ntp == 0 {
		c.last.Store(nil)
		return
	}
	c.last.Store(&senderReport{rtptime.FromNTP(ntp), timestamp})
}

// captured returns what the sender's clock said as a timestamp was taken, or zero.
func (c *senderClock) captured(timestamp uint32) time.Time {
	r := c.last.Load()
	if r == nil {
		return time.Time{}
	}
	return r.time.Add(rtptime.Since(timestamp, r.timestamp, c.rate))
}
