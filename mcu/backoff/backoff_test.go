package backoff_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/mcu/backoff"
)

func TestAfter(t *testing.T) {
	s := backoff.Schedule{First: time.Second, Longest: 30 * time.Second}
	for _, c := range []struct {
		failures int
		random   float64
		want     time.Duration
	}{
		{0, 0, time.Second},
		{1, 0, time.Second},
		{2, 0, 2 * time.Second},
		{3, 0.5, 3 * time.Second},
		{5, 0, 16 * time.Second},
		{6, 0, 30 * time.Second},
		{1000, 0, 30 * time.Second},
	} {
		if got := s.After(c.failures, c.random); got != c.want {
			t.Errorf("after %d failures with %v it is %v, not %v", c.failures, c.random, got, c.want)
		}
	}
}

// TestBounds: whatever the numbers are, a wait is between half of the first and the longest.
func TestBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "first"))
		s := backoff.Schedule{First: first, Longest: first + time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "more"))}
		n, random := rapid.IntRange(-1, 1<<40).Draw(t, "failures"), rapid.Float64Range(0, 0.999).Draw(t, "random")
		if got := s.After(n, random); got < first/2 || got > s.Longest {
			t.Errorf("it is %v", got)
		}
		if s.After(n, 0) > s.After(n+1, 0) {
			t.Error("a further failure shortens the wait")
		}
	})
}
