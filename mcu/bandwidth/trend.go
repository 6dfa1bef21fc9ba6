package bandwidth

import (
	"math"
	"time"
)

const (
	// burst is how close packets are sent to count as one.
	burst = 5 * time.Millisecond
	// trendWindow is how many bursts the line is fitted through.
	trendWindow = 20
	// trendGain scales the slope, as libwebrtc does, for its thresholds.
	trendGain      = 4.0
	maxDeltas      = 60
	firstThreshold = 12.5
	// overuseTime is how long the delay must rise. A busy machine delays for a
	// moment, too.
	overuseTime = 50 * time.Millisecond
	// standing is how much of a queue there must be, all the time for standingFor: a
	// queue stands for as long as too much is sent, and other delays do not.
	standing    = 30 * time.Millisecond
	standingFor = 400 * time.Millisecond
	// baseWindow is how long the shortest delay is remembered.
	baseWindow = 15 * time.Second
)

type usage int

const (
	normal usage = iota
	overuse
	underuse
)

// trend watches how the one-way delay develops.
type trend struct {
	started             bool
	sent, last, arrived time.Duration // of this burst: first and last sent, last arrived
	sentBefore          time.Duration // of the one before
	arrivedBefore       time.Duration
	bursts              int

	accumulated, smoothed float64 // ms
	points                [trendWindow]point
	deltas                int
	before                float64 // the modified trend before
	threshold             float64
	over                  time.Duration
	overs                 int

	base base
}

type point struct{ at, delay float64 } // ms

// packet takes the next packet in the order of sending and returns what the
// bursts up to it show.
func (t *trend) packet(sent, arrived time.Duration) (usage, bool) {
	t.base.packet(sent, arrived)
	if !t.started {
		t.started, t.threshold = true, firstThreshold
		t.begin(sent, arrived)
		return normal, false
	}
	if sent-t.sent < burst {
		t.last, t.arrived = max(t.last, sent), max(t.arrived, arrived)
		return normal, false
	}
	use, known := normal, false
	if t.bursts > 0 {
		d := (t.arrived - t.arrivedBefore) - (t.last - t.sentBefore)
		if d > time.Second || d < -time.Second { // a clock leapt, or the line was dead
			*t = trend{}
			return normal, false
		}
		use, known = t.delta(ms(d), t.arrived, t.arrived-t.arrivedBefore), true
	}
	t.bursts++
	t.sentBefore, t.arrivedBefore = t.last, t.arrived
	t.begin(sent, arrived)
	return use, known
}

func (t *trend) begin(sent, arrived time.Duration) {
	t.sent, t.last, t.arrived = sent, sent, arrived
}

// delta takes how much more a burst was delayed than the one before.
func (t *trend) delta(d float64, at, step time.Duration) usage {
	t.accumulated += d
	t.smoothed = 0.9*t.smoothed + 0.1*t.accumulated
	t.points[t.deltas%trendWindow] = point{ms(at), t.smoothed}
	t.deltas++
	if t.deltas < trendWindow {
		return normal
	}
	modified := float64(min(t.deltas, maxDeltas)) * t.slope() * trendGain
	use := t.judge(modified, max(step, 0))
	t.adapt(modified, min(max(ms(step), 0), 100))
	t.before = modified
	return use
}

// slope fits a line through the last delays.
func (t *trend) slope() float64 {
	var x, y float64
	for _, p := range t.points {
		x += p.at
		y += p.delay
	}
	x, y = x/trendWindow, y/trendWindow
	var above, below float64
	for _, p := range t.points {
		above += (p.at - x) * (p.delay - y)
		below += (p.at - x) * (p.at - x)
	}
	if below == 0 {
		return 0
	}
	return above / below
}

func (t *trend) judge(modified float64, step time.Duration) usage {
	if modified <= t.threshold {
		t.over, t.overs = 0, 0
		if modified < -t.threshold {
			return underuse
		}
		return normal
	}
	t.over += step
	t.overs++
	if t.over < overuseTime || t.overs < 2 || modified < t.before || t.base.stands() < standing {
		return normal
	}
	t.over, t.overs = 0, 0
	return overuse
}

// adapt has the threshold follow the trend, so that a flow that keeps queues full
// does not starve this one (draft-ietf-rmcat-gcc-02 §5.4).
func (t *trend) adapt(modified, step float64) {
	m := math.Abs(modified)
	if m > t.threshold+15 {
		return
	}
	k := 0.0087
	if m < t.threshold {
		k = 0.039
	}
	t.threshold = min(max(t.threshold+k*(m-t.threshold)*step, 6), 600)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// base knows the shortest delay of late, and so how long the queue is now.
type base struct {
	started       bool
	since         time.Duration // when newest began
	oldest, newer time.Duration // the shortest in this window and the one before
	delay         time.Duration // smoothed

	part         time.Duration // when last began
	before, last time.Duration // the shortest in this half of standingFor and the one before
}

func (b *base) packet(sent, arrived time.Duration) {
	d := arrived - sent
	if !b.started {
		*b = base{started: true, since: sent, oldest: d, newer: d, delay: d, part: sent, before: d, last: d}
	}
	if sent-b.since > baseWindow {
		b.since, b.oldest, b.newer = sent, b.newer, d
	}
	b.oldest, b.newer = min(b.oldest, d), min(b.newer, d)
	if sent-b.part > standingFor/2 {
		b.part, b.before, b.last = sent, b.last, d
	}
	b.last = min(b.last, d)
	b.delay += (d - b.delay) / 8
}

// queue is how long packets wait at present.
func (b *base) queue() time.Duration { return b.delay - min(b.oldest, b.newer) }

// stands is how long the least delayed packet of late had to wait.
func (b *base) stands() time.Duration { return min(b.before, b.last) - min(b.oldest, b.newer) }
