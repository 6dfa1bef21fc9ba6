package mcu

import (
	"context"
	"time"

	"tilemix/mcu/rtptime"
)

// pacer wakes its owner once a period, without drift.
type pacer struct {
	rtptime.Pacer
	timer *time.Timer
}

func newPacer(period time.Duration) *pacer {
	t := time.NewTimer(0)
	<-t.C
	return &pacer{Pacer: rtptime.NewPacer(period), timer: t}
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
	wait, missed := p.Next(time.Now())
	p.timer.Reset(wait)
	return missed
}
