package bot

import (
	"sync/atomic"
	"time"
)

// lateness counts the tasks of the bots by their delay. It is safe for concurrent use.
type lateness struct {
	buckets         [len(lateBounds) + 1]atomic.Uint64
	skipped, failed atomic.Uint64
}

// lateBounds are the upper bounds of the buckets.
var lateBounds = [...]time.Duration{
	time.Millisecond / 4, time.Millisecond / 2, time.Millisecond, 2 * time.Millisecond, 3 * time.Millisecond,
	5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
}

func (l *lateness) late(d time.Duration) {
	for i, bound := range lateBounds {
		if d <= bound {
			l.buckets[i].Add(1)
			return
		}
	}
	l.buckets[len(lateBounds)].Add(1)
}
