package pace

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestWait ticks, is late, and goes on in the old rhythm.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const period = 20 * time.Millisecond
		start := time.Now()
		p := New(period)
		for i, c := range []struct {
			work   time.Duration // before the wait
			missed int
			at     time.Duration // when it returns
		}{
			{0, 0, 0},
			{5 * time.Millisecond, 0, period},
			{period, 0, 2 * period},
			{7 * period / 2, 2, 11 * period / 2}, // the one that is due comes at once
			{0, 0, 6 * period},
		} {
			time.Sleep(c.work)
			missed, ok := p.Wait(t.Context())
			if at := time.Since(start); missed != c.missed || !ok || at != c.at {
				t.Errorf("%d: at %v with %d missed, not at %v with %d", i, at, missed, c.at, c.missed)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, ok := p.Wait(ctx); ok {
			t.Error("it ticks though its context has ended")
		}
	})
}
