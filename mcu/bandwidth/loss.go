package bandwidth

import "time"

const (
	// maxLoss is the loss beyond which there is too much on the line
	// (draft-ietf-rmcat-gcc-02 §6).
	maxLoss = 0.10
	// maxCalmLoss is the same where no queue stands: then either the line loses so much
	// anyway, or somebody on it drops what is too much and queues nothing. Repairs
	// make the second worse until it is beyond this.
	maxCalmLoss = 0.30
	// maxInherent bounds what a line is thought to lose whatever is sent.
	maxInherent = 0.25
	// maxBorne is the loss up to which what was sent over a line without a queue is what
	// it bears.
	maxBorne = 0.25
	// lossWindow and lossPackets are what a fraction is taken over.
	lossWindow  = 500 * time.Millisecond
	lossPackets = 20
	// calm is the wait in queues under which loss is not for want of bandwidth.
	calm = 30 * time.Millisecond
)

// loss follows how much is lost, and how much of it a line loses anyway: radio
// does, without any queue.
type loss struct {
	recent, inherent float64
	packets, lost    int
	since            time.Duration
	observed         time.Duration
}

func (l *loss) packet(lost bool) {
	l.packets++
	if lost {
		l.lost++
	}
}

// due returns the fraction lost since it was due last, when it is due.
func (l *loss) due(now, queue time.Duration) (float64, bool) {
	if now-l.since < lossWindow || l.packets < lossPackets {
		return 0, false
	}
	fraction := float64(l.lost) / float64(l.packets)
	l.packets, l.lost, l.since = 0, 0, now
	l.observe(now, fraction, queue)
	return fraction, true
}

// observe takes a fraction lost.
func (l *loss) observe(now time.Duration, fraction float64, queue time.Duration) {
	past := min(max(now-l.observed, 0), 2*time.Second).Seconds()
	l.observed = now
	l.recent += (fraction - l.recent) * min(past/2, 1)
	switch {
	case fraction < l.inherent:
		l.inherent += (fraction - l.inherent) * min(past/2, 1)
	case queue < calm:
		l.inherent = min(l.inherent+(fraction-l.inherent)*min(past/2, 1), maxInherent)
	}
}
