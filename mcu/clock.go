package mcu

import (
	"context"
	"time"
)

// pacer wakes its owner once a period, without drift.
type pacer struct {
	period time.Duration
	next   time.Time
	timer  *time.Timer
}

func newPacer(period time.Duration) *pacer {
	t := time.NewTimer(0)
	<-t.C
	return &pacer{period: period, timer: t}
}

// wait returns at the next period with the number of periods that passed
// unused since the last (0 when the owner keeps up), or false when ctx ends.
func (p *pacer) wait(ctx context.Context) (missed int, ok bool) {
	missed = p.arm()
	select {
	case <-p.timer.C:
		return missed, true
	case <-ctx.Done():
		return 0, false
	}
}

// arm sets the timer for the next period and returns the number of periods that
// passed unused since the last.
func (p *pacer) arm() (missed int) {
	now := time.Now()
	if p.next.IsZero() {
		p.next = now
	}
	if late := now.Sub(p.next); late > p.period {
		missed = int(late / p.period)
		p.next = p.next.Add(time.Duration(missed) * p.period)
	}
	p.timer.Reset(p.next.Sub(now))
	p.next = p.next.Add(p.period)
	return missed
}

// shift makes the next period end later, or earlier, by d.
func (p *pacer) shift(d time.Duration) { p.next = p.next.Add(d) }

// rest forgets the rhythm, for an owner who was idle.
func (p *pacer) rest() { p.next = time.Time{} }
