package rtptime

import "time"

// Pacer says when a clock ticks: once a period, without drift. It belongs to one goroutine, which
// has the timer.
type Pacer struct {
	period time.Duration
	next   time.Time
}

// NewPacer returns a pacer whose first tick is due at the first call of Next.
func NewPacer(period time.Duration) Pacer { return Pacer{period: period} }

// Next returns how long after now the next tick is due, and how many ticks passed unused since
// the last, 0 where the owner keeps up. A wait that is negative means that the tick is due
// already.
func (p *Pacer) Next(now time.Time) (wait time.Duration, missed int) {
	if p.next.IsZero() {
		p.next = now
	}
	if late := now.Sub(p.next); late > p.period {
		missed = int(late / p.period)
		p.next = p.next.Add(time.Duration(missed) * p.period)
	}
	wait = p.next.Sub(now)
	p.next = p.next.Add(p.period)
	return wait, missed
}

// Late returns how much later than due it is, for the tick that Next returned last.
func (p *Pacer) Late(now time.Time) time.Duration { return now.Sub(p.next) + p.period }

// Period returns the time between two ticks.
func (p *Pacer) Period() time.Duration { return p.period }

// Shift makes the next tick come later by d, or earlier where d is negative.
func (p *Pacer) Shift(d time.Duration) { p.next = p.next.Add(d) }

// Rest forgets the rhythm, for an owner that was idle: the next tick is due at once.
func (p *Pacer) Rest() { p.next = time.Time{} }
