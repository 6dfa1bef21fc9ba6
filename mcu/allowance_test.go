package mcu

import (
	"slices"
	"testing"
	"time"
)

// TestAllowance asks without end, and then for nothing.
func TestAllowance(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	var a allowance
	storm := func(from, until time.Duration) (given []time.Duration) {
		for at := from; at < until; at += 100 * time.Millisecond {
			if a.asks(start.Add(at)) {
				a.spend(start.Add(at))
				given = append(given, at)
			}
		}
		return given
	}
	const ms, s = time.Millisecond, time.Second
	for _, c := range []struct {
		what        string
		from, until time.Duration
		want        []time.Duration
	}{
		{"at once", 0, time.Minute, []time.Duration{0, 100 * ms, 5100 * ms, 15100 * ms, 35100 * ms, 55100 * ms}},
		{"after ten good seconds", 70 * s, 71 * s, []time.Duration{70 * s}},
		{"too soon again", 80 * s, 82 * s, nil},
		{"after a minute", 150 * s, 156 * s, []time.Duration{150 * s, 150100 * ms, 155100 * ms}},
	} {
		if got := storm(c.from, c.until); !slices.Equal(got, c.want) {
			t.Errorf("%s: IDRs at %v, not %v", c.what, got, c.want)
		}
	}
}
