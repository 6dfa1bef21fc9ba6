package rtc

import "time"

const (
	// probeStep is how far above the estimate a probe reaches.
	probeStep = 2.25
	// probeTime is how long one lasts, at least probePackets packets.
	probeTime    = 100 * time.Millisecond
	probePackets = 7
	// probeInterval is the time between two probes; after one that did not come
	// through it doubles up to probeLongest.
	probeInterval = 500 * time.Millisecond
	probeLongest  = 2 * time.Second
	// probeQueue is the wait in queues beyond which a line need not be tried.
	probeQueue = 80 * time.Millisecond
	// probeWish is how long a wish for more holds.
	probeWish = 2 * time.Second
)

// prober tries whether a line bears more than what is sent over it: for a moment
// it repeats old packets at a higher rate (as libwebrtc's probe clusters, with
// retransmissions as their payload). It belongs to whoever sends.
type prober struct {
	begun, ended time.Duration
	rate         float64 // bytes a second; 0: no probe is on its way
	bytes        float64
	packets      int
	estimate     int // when it began
	interval     time.Duration
}

// Probe asks for the line to be tried, as long as it is called again at least once
// a second, until Estimate tells of bps bits a second. It does nothing where no
// limit has shown, or where the client reports no arrival times.
func (d *Downlink) Probe(bps int) {
	l := d.line
	if rate := l.estimate(); rate == 0 || rate >= bps || !l.numbers.Load() {
		return
	}
	l.wish.Store(int64(bps))
	l.wished.Store(int64(l.now()))
	l.wheel.add(d)
}

// tryLine sends what a probe is to send now. It returns whether there is more to
// come.
func (d *Downlink) tryLine(now time.Duration) bool {
	p, out := &d.probe, d.out.Load()
	rate, wish := d.line.estimate(), int(d.line.wish.Load())
	if out == nil || out.repeatSSRC == 0 || out.numberID == 0 || rate == 0 || rate >= wish ||
		now-time.Duration(d.line.wished.Load()) > probeWish {
		p.rate = 0
		return false
	}
	if p.rate == 0 {
		d.startProbe(now, rate, wish)
		if p.rate == 0 {
			return true
		}
	}
	for p.bytes <= p.rate*(now-p.begun).Seconds() {
		k := d.repeat.any()
		if k == nil {
			break
		}
		n := len(k.unit.payloads[0]) + overhead
		p.bytes += float64(n)
		p.packets++
		d.line.counts.probes.Add(1)
		d.resend(out, k, 0, now, true)
	}
	if now-p.begun >= probeTime && (p.packets >= probePackets || now-p.begun > 5*probeTime) {
		p.rate, p.ended = 0, now
	}
	return true
}

// startProbe begins a probe when one is due.
func (d *Downlink) startProbe(now time.Duration, rate, wish int) {
	p := &d.probe
	if rate > p.estimate*5/4 { // the last one came through
		p.interval = probeInterval
	}
	if p.ended > 0 && now-p.ended < p.interval || time.Duration(d.line.queue.Load()) > probeQueue {
		return
	}
	p.interval = min(2*p.interval, probeLongest)
	p.estimate = rate
	p.begun, p.bytes, p.packets = now, 0, 0
	p.rate = min(probeStep*float64(rate), 1.1*float64(wish)) / 8
}

// any returns what was sent of late and begins with a long payload, in turns.
func (r *repeater) any() *keptUnit {
	const enough = 500
	var long *keptUnit
	longest := 0
	for range keptUnits {
		r.turn++
		k := &r.kept[r.turn%keptUnits]
		if k.unit == nil || len(k.unit.payloads) == 0 {
			continue
		}
		n := len(k.unit.payloads[0])
		if n >= enough {
			return k
		}
		if n > longest {
			long, longest = k, n
		}
	}
	return long
}
