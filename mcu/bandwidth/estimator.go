package bandwidth

import "time"

const (
	// decrease is what is left of the rate that arrived, after overuse.
	decrease = 0.85
	// increase is the growth a second, while nothing is wrong.
	increase = 0.08
	// headroom is how far the rate may grow above what is sent: beyond that
	// nothing is known.
	headroom = 1.5
	// deliveredWindow is what the rate of arrival is taken over, and half and a
	// quarter of it.
	deliveredWindow = 500 * time.Millisecond
	// patience is the time between two decreases: one must show its effect.
	patience = 300 * time.Millisecond
	// lossPatience is the same after loss, of which is told for longer.
	lossPatience = 700 * time.Millisecond
	// full is the wait in queues at which the rate grows no more.
	full = 100 * time.Millisecond
	// floor is the least estimate: that of sound alone.
	floor = 20_000
)

// Outcome is what became of a packet. Times count from any two epochs.
type Outcome struct {
	Sent, Arrived time.Duration
	Size          int  // bytes on the wire
	Lost          bool // Arrived is nothing
	Probe         bool // it was sent to try the line
}

// Estimator estimates the rate of one line. It is for one goroutine; the zero
// value is ready and allocates nothing.
type Estimator struct {
	rate       float64 // 0: no limit has shown
	trend      trend
	sent       meter
	delivered  meter
	loss       loss
	probe      probe
	now        time.Duration
	decreased  time.Duration
	restrained bool // the rate was decreased at least once
}

// Rate returns how many bits a second the line bears, or 0 while it has shown no
// limit. It falls as soon as delay or loss rise; it grows by 8 per cent a second
// up to 1.5 times of what is sent, and at once by a probe that comes through.
func (e *Estimator) Rate() int { return int(e.rate) }

// Lost returns the fraction of packets lost of late, 0 to 1.
func (e *Estimator) Lost() float64 { return e.loss.recent }

// Overflow returns the fraction of packets lost of late beyond what the line loses whatever is
// sent, 0 to 1: a queue on the line that is full drops them.
func (e *Estimator) Overflow() float64 { return max(e.loss.recent-e.loss.inherent, 0) }

// Queue returns how long packets wait in queues at present.
func (e *Estimator) Queue() time.Duration { return e.trend.base.queue() }

// Report takes what became of packets, in the order of sending.
func (e *Estimator) Report(now time.Duration, packets []Outcome) {
	use := normal
	for i := range packets {
		p := &packets[i]
		e.sent.add(p.Sent, p.Size)
		e.loss.packet(p.Lost)
		e.probe.packet(p)
		if p.Lost {
			continue
		}
		e.delivered.add(p.Arrived, p.Size)
		if u, known := e.trend.packet(p.Sent, p.Arrived); known && use != overuse {
			use = u
		}
	}
	e.adapt(now, use, e.probe.result())
	if fraction, ok := e.loss.due(now, e.Queue()); ok {
		e.lossy(now, fraction, e.sent.rate(time.Second))
	}
}

// Loss takes the fraction lost of what was sent at a rate in bits a second, where
// receivers report no more than that.
func (e *Estimator) Loss(now time.Duration, fraction float64, sent int) {
	e.loss.observe(now, fraction, 0)
	e.grow(now, sent)
	e.lossy(now, fraction, sent)
}

// adapt follows what the delay and a probe show.
func (e *Estimator) adapt(now time.Duration, use usage, probed float64) {
	switch use {
	case overuse:
		if now-e.decreased >= patience || !e.restrained {
			if most := max(e.deliverable(), probed); most > 0 {
				e.lower(now, decrease*most)
			}
		}
		e.now = now
		return
	case underuse: // queues are running empty
		e.now = now
	case normal:
		if e.Queue() < full {
			e.grow(now, e.sent.rate(time.Second))
		}
		e.now = now
		probed = max(probed, e.borne())
	}
	if e.rate > 0 {
		e.rate = max(e.rate, probed)
	}
}

// deliverable is the highest rate that arrived of late. While a queue builds up the
// line is full, but that may be only for the moment of a picture or a probe.
func (e *Estimator) deliverable() float64 {
	most := 0
	for window := deliveredWindow; window >= deliveredWindow/4; window /= 2 {
		most = max(most, e.delivered.rate(window))
	}
	return float64(most)
}

// borne is the rate that was sent of late without any queue: the line bears it, whatever
// was thought before.
func (e *Estimator) borne() float64 {
	if e.Queue() >= calm || e.loss.recent > maxBorne {
		return 0
	}
	came := min(e.delivered.rate(deliveredWindow), e.delivered.rate(2*deliveredWindow))
	return float64(came) / (1 - e.loss.recent)
}

// grow raises the rate by what is due since it was last looked at.
func (e *Estimator) grow(now time.Duration, sent int) {
	past := min(max(now-e.now, 0), time.Second)
	e.now = now
	if e.rate == 0 || now-e.decreased < patience {
		return
	}
	most := headroom * float64(sent)
	e.rate = max(e.rate, min(e.rate*(1+increase*past.Seconds()), most))
}

// lossy lowers the rate when more is lost than the line loses anyway.
func (e *Estimator) lossy(now time.Duration, fraction float64, sent int) {
	excess, most := fraction-e.loss.inherent, maxLoss
	if e.delivered.began && e.trend.base.stands() < calm {
		excess, most = fraction, maxCalmLoss
	}
	if excess < most || sent == 0 || (e.restrained && now-e.decreased < lossPatience) {
		return
	}
	from := float64(sent)
	if e.rate > 0 {
		from = min(from, e.rate)
	}
	rate := from * (1 - excess/2)
	// Where there is a queue it has overflowed, and the line bears what came through.
	if came := e.delivered.rate(deliveredWindow); came > 0 && e.trend.base.stands() >= calm {
		rate = min(rate, float64(came))
	}
	e.lower(now, rate)
}

func (e *Estimator) lower(now time.Duration, rate float64) {
	if e.rate == 0 || rate < e.rate {
		e.rate = max(rate, floor)
	}
	e.decreased, e.restrained = now, true
	e.probe = probe{}
}
