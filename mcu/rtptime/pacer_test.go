package rtptime_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/mcu/rtptime"
)

// TestPacerKeepsTime: whatever each tick takes, ticks and missed ticks together are the periods
// that passed.
func TestPacerKeepsTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		period := time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(time.Second)).Draw(t, "period"))
		p := rtptime.NewPacer(period)
		start := time.Unix(1, 0)
		now := start
		ticks := 0
		for range rapid.IntRange(1, 50).Draw(t, "ticks") {
			wait, missed := p.Next(now)
			ticks += missed
			if wait > period {
				t.Fatalf("waits %v of %v", wait, period)
			}
			now = now.Add(max(wait, 0))
			if due := start.Add(time.Duration(ticks) * period); now.Before(due) || now.Sub(due) > period {
				t.Fatalf("tick %d is at %v, due at %v", ticks, now.Sub(start), due.Sub(start))
			}
			ticks++
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(4*period)).Draw(t, "work")))
		}
	})
}

// TestPacerShiftAndRest: a shift moves the next tick alone, and after a rest the next is at once.
func TestPacerShiftAndRest(t *testing.T) {
	const period = 20 * time.Millisecond
	p := rtptime.NewPacer(period)
	now := time.Unix(1, 0)
	expect := func(what string, want time.Duration) {
		t.Helper()
		wait, missed := p.Next(now)
		if wait != want || missed != 0 {
			t.Errorf("%s: waits %v, not %v, %d missed", what, wait, want, missed)
		}
		now = now.Add(max(wait, 0))
	}
	expect("first tick", 0)
	expect("second tick", period)
	p.Shift(3 * time.Millisecond)
	expect("shifted tick", period+3*time.Millisecond)
	expect("tick behind it", period)
	now = now.Add(time.Hour)
	p.Rest()
	expect("tick after a rest", 0)
	if p.Period() != period {
		t.Errorf("period %v", p.Period())
	}
}
