// Package elapsed turns times into numbers that atomics can hold. They go by the monotonic clock, which nobody sets:
// a number of Unix time would be an hour off once an operator, or NTP, has set the machine's clock back by one.
package elapsed

import (
	"sync/atomic"
	"time"
)

// Base is the origin of such numbers. The zero value is ready: its origin is the first time that it gets. It is safe
// for concurrent use, and allocates for its first number only.
type Base struct{ first atomic.Pointer[time.Time] }

// At returns the nanoseconds from the origin to now, which is of time.Now. It is 1 or more, so that 0 can stand
// for never.
func (b *Base) At(now time.Time) int64 {
	first := b.first.Load()
	if first == nil {
		first = b.begin(now)
	}
	return max(int64(now.Sub(*first)), 0) + 1
}

func (b *Base) begin(now time.Time) *time.Time {
	b.first.CompareAndSwap(nil, &now)
	return b.first.Load()
}
