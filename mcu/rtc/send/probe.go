package send

import "time"

const (
	// probeStep is how far above the estimate a probe reaches.
	probeStep = 2.25
	// probeTime is how long one lasts, at least probePackets packets.
	probeTime    = 100 * time.Millisecond
	probePackets = 7
	// probeInterval is the time between two probes. After a probe that the path could not
	// carry it doubles, up to maxProbeInterval.
	probeInterval    = 500 * time.Millisecond
	maxProbeInterval = 2 * time.Second
	// probeQueue is the queueing delay above which a path is not probed.
	probeQueue = 80 * time.Millisecond
	// probeWish is how long a call of Downlink.Probe holds.
	probeWish = 2 * time.Second
)

// prober tests whether a path carries more than is sent over it: for a moment it
// retransmits old packets at a higher rate, as libwebrtc's probe clusters do. It belongs
// to the owner of the sender.
type prober struct {
	begun, ended time.Duration
	rate         float64 // bytes a second; 0: no probe is being sent
	bytes        float64
	packets      int
	estimate     int // when it began
	interval     time.Duration
}

// tick sends what a probe is to send now. It returns whether there is more to come.
func (p *prober) tick(s *sender, now time.Duration) bool {
	to := s.binding.Load()
	rate, wish := s.path.estimate(), int(s.path.wish.Load())
	if to == nil || to.RTXSSRC == 0 || to.TWCCID == 0 || rate == 0 || rate >= wish ||
		now-time.Duration(s.path.wished.Load()) > probeWish {
		p.rate = 0
		return false
	}
	if p.rate == 0 {
		p.start(s, now, rate, wish)
		if p.rate == 0 {
			return true
		}
	}
	for p.bytes <= p.rate*(now-p.begun).Seconds() {
		u := s.rtx.history.any()
		if u == nil {
			break
		}
		n := len(u.buffer.Payloads()[0]) + overhead
		p.bytes += float64(n)
		p.packets++
		s.path.counters.Probes.Add(1)
		s.rtx.send(s, to, u, 0, now, true)
	}
	if now-p.begun >= probeTime && (p.packets >= probePackets || now-p.begun > 5*probeTime) {
		p.rate, p.ended = 0, now
	}
	return true
}

// start begins a probe when one is due.
func (p *prober) start(s *sender, now time.Duration, rate, wish int) {
	if rate > p.estimate*5/4 { // the path carried the last one
		p.interval = probeInterval
	}
	if p.ended > 0 && now-p.ended < p.interval || time.Duration(s.path.queue.Load()) > probeQueue {
		return
	}
	p.interval = min(2*p.interval, maxProbeInterval)
	p.estimate = rate
	p.begun, p.bytes, p.packets = now, 0, 0
	p.rate = min(probeStep*float64(rate), 1.1*float64(wish)) / 8
}
