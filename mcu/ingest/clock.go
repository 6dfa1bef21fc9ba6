package ingest

import (
	"sync/atomic"
	"time"
)

// ntpEpoch is the number of seconds from NTP's epoch to Unix's (RFC 5905 §6).
const ntpEpoch = 2208988800

// clock is a sender's clock, as his last report gives it (RFC 3550 §6.4.1). One
// goroutine sets it, any may read it. The zero value knows nothing.
type clock struct {
	rate uint32 // of the timestamps, in Hz
	last atomic.Pointer[senderReport]
}

// senderReport says which timestamp is what time.
type senderReport struct {
	time      time.Time
	timestamp uint32
}

// set takes a report's NTP time and timestamp. Zero is no time.
func (c *clock) set(ntp uint64, timestamp uint32) {
	if ntp == 0 {
		c.last.Store(nil)
		return
	}
	seconds, fraction := int64(ntp>>32)-ntpEpoch, int64(ntp&0xffffffff)*1e9>>32
	c.last.Store(&senderReport{time.Unix(seconds, fraction), timestamp})
}

// captured returns what the sender's clock said as a timestamp was taken, or zero.
func (c *clock) captured(timestamp uint32) time.Time {
	r := c.last.Load()
	if r == nil {
		return time.Time{}
	}
	return r.time.Add(time.Duration(int32(timestamp-r.timestamp)) * time.Second / time.Duration(c.rate))
}
