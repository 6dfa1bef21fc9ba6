package ticks_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/codec/ticks"
)

// TestOf has durations whose ticks are known.
func TestOf(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		rate int64
		want int64
	}{
		{0, 90_000, 0},
		{time.Second, 90_000, 90_000},
		{20 * time.Millisecond, 48_000, 960},
		{time.Second / 30, 90_000, 3000}, // 33.333333 ms, cut to nanoseconds
		{5 * time.Microsecond, 90_000, 0},
		{6 * time.Microsecond, 90_000, 1},
		{-6 * time.Microsecond, 90_000, -1},
		{-time.Second, 90_000, -90_000},
		{math.MaxInt64, 90_000, 830103483316930},
	} {
		if got := ticks.Of(c.d, c.rate); got != c.want {
			t.Errorf("%v are %d ticks of %d Hz, not %d", c.d, got, c.rate, c.want)
		}
	}
}

// TestRoundTrip: ticks come back as they were, and durations within half a tick.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int64{8000, 48_000, 90_000, 1_000_000}).Draw(t, "rate")
		d := time.Duration(rapid.Int64().Draw(t, "duration")) / 2
		n := ticks.Of(d, rate)
		back := ticks.Duration(n, rate)
		if half := time.Second/time.Duration(2*rate) + 1; (back - d).Abs() > half {
			t.Errorf("%v comes back as %v", d, back)
		}
		if again := ticks.Of(back, rate); again != n {
			t.Errorf("%d ticks come back as %d", n, again)
		}
	})
}
