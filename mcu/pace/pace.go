// Package pace wakes a clock once a period: it is the timer of an rtptime.Pacer.
package pace

import (
	"context"
	"time"

	"tilemix/mcu/rtptime"
)

// Timer wakes its owner once a period, without drift. It belongs to one goroutine.
type Timer struct {
	rtptime.Pacer
	timer *time.Timer
}

// New returns a timer that has not begun.
func New(period time.Duration) *Timer {
	t := time.NewTimer(0)
	<-t.C
	return &Timer{Pacer: rtptime.NewPacer(period), timer: t}
}

// C receives once after each Arm, when the period has passed.
func (t *Timer) C() <-chan time.Time { return t.timer.C }

// Wait returns at the next period with the number of periods that passed unused since the
// last (0 when the owner keeps up), or false when ctx ends.
func (t *Timer) Wait(ctx context.Context) (missed int, ok bool) {
	missed = t.Arm()
	select {
	case <-t.timer.C:
		return missed, true
	case <-ctx.Done():
		return 0, false
	}
}

// Arm sets the timer for the next period and returns the number of periods that passed
// unused since the last.
func (t *Timer) Arm() (missed int) {
	wait, missed := t.Next(time.Now())
	t.timer.Reset(wait)
	return missed
}
