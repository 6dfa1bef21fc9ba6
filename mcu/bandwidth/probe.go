package bandwidth

import "time"

const (
	// probePackets is the least that a probe must bring through.
	probePackets = 5
	// probeGap is how long after a probe's last packet another is a new one's.
	probeGap = 250 * time.Millisecond
	// probeShare is what must have come through of what was sent, and how fast.
	probeShare = 0.9
	// probeUse is how much of what came through is counted on.
	probeUse = 0.95
)

// probe measures how fast a burst came through that was sent to try the line
// (as libwebrtc's probe clusters). What is sent meanwhile is part of it.
type probe struct {
	sent, arrived struct{ first, last time.Duration }
	bytes         int // that came, without the first packet
	between       int // bytes of other packets since the last of the probe
	packets, lost int
	fresh         bool // packets came since result
}

func (p *probe) packet(x *Outcome) {
	switch {
	case !x.Probe:
		if p.packets > 0 && !x.Lost {
			p.between += x.Size
		}
		return
	case p.packets > 0 && x.Sent-p.sent.last > probeGap:
		*p = probe{}
	}
	p.packets++
	if x.Lost {
		p.lost++
		return
	}
	if p.packets-p.lost == 1 {
		p.sent.first, p.arrived.first = x.Sent, x.Arrived
		p.sent.last, p.arrived.last = x.Sent, x.Arrived
		p.between = 0
		return
	}
	p.bytes += x.Size + p.between
	p.between, p.fresh = 0, true
	p.sent.last = max(p.sent.last, x.Sent)
	p.arrived.last = max(p.arrived.last, x.Arrived)
}

// result returns the rate that a probe has shown, in bits a second, or 0 when
// there is none or none new.
func (p *probe) result() float64 {
	came := p.packets - p.lost
	if !p.fresh || came < probePackets || float64(came) < probeShare*float64(p.packets) {
		return 0
	}
	p.fresh = false
	sent, arrived := p.sent.last-p.sent.first, p.arrived.last-p.arrived.first
	if sent < 20*time.Millisecond || arrived < 20*time.Millisecond {
		return 0
	}
	in, out := rate(p.bytes, sent), rate(p.bytes, arrived)
	if out < probeShare*in {
		return probeUse * out
	}
	return min(in, out)
}

func rate(bytes int, in time.Duration) float64 { return float64(bytes) * 8 / in.Seconds() }
