package rtptime_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/mcu/rtptime"
)

// TestNTPOfKnownInstants has what RFC 5905 and Unix agree on.
func TestNTPOfKnownInstants(t *testing.T) {
	for _, c := range []struct {
		at  time.Time
		ntp uint64
	}{
		{time.Unix(0, 0), 2208988800 << 32},
		{time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), 0},
		{time.Date(1972, 1, 1, 0, 0, 0, 0, time.UTC), 2272060800 << 32}, // RFC 5905 figure 4
		{time.Unix(0, 500_000_000), 2208988800<<32 | 1<<31},
	} {
		if got := rtptime.NTP(c.at); got != c.ntp {
			t.Errorf("NTP of %v is %#x, not %#x", c.at, got, c.ntp)
		}
		if got := rtptime.FromNTP(c.ntp); !got.Equal(c.at) {
			t.Errorf("%#x is %v, not %v", c.ntp, got, c.at)
		}
	}
}

// TestNTPRoundTrip: a time comes back within the nanosecond that 32 bits of fraction and two
// divisions cost.
func TestNTPRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 2085978495).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		if d := at.Sub(rtptime.FromNTP(rtptime.NTP(at))); d < 0 || d > time.Nanosecond {
			t.Errorf("%v comes back %v earlier", at, d)
		}
	})
}

// TestTimestampsWrap: timestamps are apart by what lies between them, across the wrap too.
func TestTimestampsWrap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int64{8000, 48_000, 90_000}).Draw(t, "rate")
		from := time.Duration(rapid.Int64Range(0, int64(100*24*time.Hour)).Draw(t, "from"))
		gap := time.Duration(rapid.Int64Range(-int64(time.Hour), int64(time.Hour)).Draw(t, "gap"))
		got := rtptime.Since(rtptime.Timestamp(from+gap, rate), rtptime.Timestamp(from, rate), rate)
		if tick := time.Second/time.Duration(rate) + 1; (got - gap).Abs() > tick {
			t.Errorf("%v apart, not %v", got, gap)
		}
	})
}
