package rtptime

import (
	"time"

	"tilemix/codec/ticks"
)

// ntpEpoch is the number of seconds from NTP's epoch to Unix's (RFC 5905 §6).
const ntpEpoch = 2208988800

// NTP returns t as RTCP reports have it: seconds since 1900 in 32.32 fixed point (RFC 3550 §4),
// cut to the fraction below.
func NTP(t time.Time) uint64 {
	return uint64(t.Unix()+ntpEpoch)<<32 | uint64(t.Nanosecond())<<32/1e9
}

// FromNTP returns the time of a timestamp in NTP's 32.32 fixed point, cut to the nanosecond
// below. Zero counts as any other timestamp does; RFC 3550 §6.4.1 gives it to senders that have
// no clock, so callers look for it first.
func FromNTP(ntp uint64) time.Time {
	return time.Unix(int64(ntp>>32)-ntpEpoch, int64(ntp&0xffffffff)*1e9>>32)
}

// Timestamp returns the RTP timestamp, modulo 2^32, of an instant that is d after that of
// timestamp 0, in a clock of rate Hz.
func Timestamp(d time.Duration, rate int64) uint32 { return uint32(ticks.Of(d, rate)) }

// Since returns how long after timestamp from, in a clock of rate Hz, timestamp to is. The nearer
// way round the 32 bits counts, so it is negative where to is the earlier one.
func Since(to, from uint32, rate int64) time.Duration {
	return ticks.Duration(int64(int32(to-from)), rate)
}
