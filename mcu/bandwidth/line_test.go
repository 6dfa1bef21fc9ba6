package bandwidth_test

import (
	"math/rand/v2"
	"time"

	"tilemix/mcu/bandwidth"
)

// line is a bottleneck with a queue, and what is sent over it: pictures of a
// ladder's rungs, sound, and probes for the rung above.
type line struct {
	rate  func(at time.Duration) int // bits a second; 0: wide
	queue time.Duration              // longest wait
	delay time.Duration              // one way
	loss  float64                    // of every packet, at random
	still bool                       // pictures are small, whatever the rung
	stall time.Duration              // every two seconds nothing comes through for so long

	rand    *rand.Rand
	free    time.Duration // when the bottleneck is
	flying  []flight
	e       bandwidth.Estimator
	rung    int
	probed  time.Duration
	changed time.Duration
	probes  int
	bad     int // packets lost in the queue
}

type flight struct {
	bandwidth.Outcome
	told time.Duration
}

var rungs = []int{150_000, 500_000, 1_500_000}

func (l *line) send(at time.Duration, size int, probe bool) {
	size += 40
	if since := at % (2 * time.Second); since < l.stall {
		l.free = max(l.free, at-since+l.stall)
	}
	p := bandwidth.Outcome{Sent: at, Size: size, Probe: probe}
	start := max(at, l.free)
	out := start
	if rate := l.rate(at); rate > 0 {
		out += time.Duration(size) * 8 * time.Second / time.Duration(rate)
	}
	switch {
	case start-at > l.queue:
		p.Lost = true
		l.bad++
	case l.rand.Float64() < l.loss:
		l.free = out
		p.Lost = true
	default:
		l.free = out
		p.Arrived = out + l.delay + 12345*time.Second + time.Duration(l.rand.IntN(2000))*time.Microsecond
	}
	l.flying = append(l.flying, flight{p, max(out, at) + 2*l.delay})
}

// run lets time pass until end, from where it was.
func (l *line) run(from, end time.Duration, each func(at time.Duration)) {
	if l.rand == nil {
		l.rand = rand.New(rand.NewPCG(1, 2))
	}
	const tick = 5 * time.Millisecond
	for at := from; at < end; at += tick {
		n := int(at / tick)
		if n%4 == 0 {
			l.send(at, 80, false) // sound
		}
		if n%7 == 0 {
			bytes := rungs[l.rung] / 8 * 35 / 1000
			if l.still {
				bytes = 200
			}
			for ; bytes > 0; bytes -= 1180 {
				l.send(at, min(bytes, 1180), false)
			}
		}
		l.probe(at, tick)
		if n%20 == 0 {
			l.report(at)
			l.climb(at)
		}
		if each != nil {
			each(at)
		}
	}
}

func (l *line) report(at time.Duration) {
	var packets []bandwidth.Outcome
	var rest []flight
	for _, f := range l.flying {
		if f.told <= at {
			packets = append(packets, f.Outcome)
		} else {
			rest = append(rest, f)
		}
	}
	l.flying = rest
	l.e.Report(at, packets)
}

// probe sends, for 130 ms in a second, as much as twice the rate wants.
func (l *line) probe(at, tick time.Duration) {
	rate := l.e.Rate()
	if rate == 0 || l.rung+1 == len(rungs) || rate > rungs[l.rung+1]*5/4 {
		return
	}
	if at-l.probed > time.Second {
		l.probed = at
		l.probes++
	}
	if at-l.probed < 130*time.Millisecond {
		for budget := float64(2*rate) * tick.Seconds() / 8 * float64((at-l.probed)/tick+1); budget > float64(l.sentProbe(at)); {
			l.send(at, 1000, true)
		}
	}
}

func (l *line) sentProbe(time.Duration) (bytes int) {
	for _, f := range l.flying {
		if f.Probe && f.Sent >= l.probed {
			bytes += f.Size
		}
	}
	return bytes
}

// climb is a small ladder: down at once, up after a second.
func (l *line) climb(at time.Duration) {
	rate := l.e.Rate()
	if rate == 0 {
		return
	}
	for l.rung > 0 && rate < rungs[l.rung] {
		l.rung--
		l.changed = at
	}
	if l.rung+1 < len(rungs) && rate > rungs[l.rung+1]*11/10 && at-l.changed > time.Second {
		l.rung++
		l.changed = at
	}
}
