package receive

import (
	"time"

	"github.com/pion/rtcp"
)

const (
	// repairWindow is how many of the newest packets are requested again.
	repairWindow = 512
	// repairTries is how often one packet is requested.
	repairTries = 10
	// A packet is missing once more than reorder packets have overtaken it, or after
	// minReorder. Where packets overtake each other often, they are given up to maxReorder.
	reorder    = 2
	minReorder = 20 * time.Millisecond
	maxReorder = 100 * time.Millisecond
	// reorderKept is the time in which an observed reordering is forgotten.
	reorderKept = 3 * time.Second
	// lookInterval is the least time between two searches for missing packets.
	lookInterval = 5 * time.Millisecond
)

// missing knows which packets of a stream have not arrived, and makes NACKs of them
// (RFC 4585 §6.2.1). It requests a packet as soon as it is later than reordered packets
// are, and again about a round trip later. It belongs to the goroutine that reads the
// stream.
type missing struct {
	rtt     roundTrip
	started bool
	highest uint16
	window  [repairWindow]slot // by sequence number
	count   int                // slots that are missing
	wait    time.Duration      // for packets that were only overtaken
	rtx     bool               // retransmissions have a stream of their own
	looked  time.Time
	lost    []uint16 // scratch
}

// slot is one of the newest packets.
type slot struct {
	missing   bool
	tries     uint8
	since     time.Time // missing
	requested time.Time // last
}

// packet counts a packet, and returns whether it had been requested. rtx says that it
// was retransmitted in a separate stream.
func (m *missing) packet(seq uint16, rtx bool, now time.Time) (requested bool) {
	m.rtx = m.rtx || rtx
	if !m.started {
		m.started, m.highest = true, seq
		return false
	}
	ahead := int16(seq - m.highest)
	switch {
	case ahead > repairWindow || ahead < -repairWindow: // the stream began anew
		m.forget()
		m.highest = seq
	case ahead > 0:
		for s := m.highest + 1; s != seq; s++ {
			m.markMissing(s, now)
		}
		m.clear(seq)
		m.highest = seq
	default:
		return m.received(seq, rtx, now)
	}
	return false
}

func (m *missing) forget() {
	m.count = 0
	clear(m.window[:])
}

func (m *missing) markMissing(seq uint16, now time.Time) {
	m.clear(seq)
	m.window[seq%repairWindow] = slot{missing: true, since: now}
	m.count++
}

func (m *missing) clear(seq uint16) {
	p := &m.window[seq%repairWindow]
	if p.missing {
		m.count--
	}
	*p = slot{}
}

// received learns from a packet that was late: how long packets are overtaken, or how
// long a retransmission takes. A packet that was requested more than once says neither
// (Karn's algorithm). It returns whether the packet had been requested.
func (m *missing) received(seq uint16, rtx bool, now time.Time) (requested bool) {
	p := m.window[seq%repairWindow]
	m.clear(seq)
	switch {
	case !p.missing || p.tries > 1:
	case p.tries == 0 || m.rtx && !rtx || now.Sub(p.requested) < m.rtt.mean/2:
		m.wait = min(max(m.wait, now.Sub(p.since)), maxReorder)
	default:
		m.rtt.observe(now.Sub(p.requested))
	}
	return rtx || p.missing && p.tries > 0
}

// due returns the NACK that is to be sent now, or nil.
func (m *missing) due(now time.Time) []rtcp.NackPair {
	if m.count == 0 || now.Sub(m.looked) < lookInterval {
		return nil
	}
	m.wait -= time.Duration(float64(m.wait) * min(now.Sub(m.looked), time.Second).Seconds() / reorderKept.Seconds())
	m.looked = now
	m.lost = m.lost[:0]
	for back := uint16(repairWindow - 1); back > 0; back-- {
		seq := m.highest - back
		p := &m.window[seq%repairWindow]
		switch {
		case !p.missing:
		case back <= reorder && now.Sub(p.since) < minReorder:
		case now.Sub(p.since) > m.patience() || p.tries == repairTries: // given up
			m.clear(seq)
		case now.Sub(p.since) >= m.wait && now.Sub(p.requested) >= m.rtt.retry():
			p.tries++
			p.requested = now
			m.lost = append(m.lost, seq)
		}
	}
	if len(m.lost) == 0 {
		return nil
	}
	return rtcp.NackPairsFromSequenceNumbers(m.lost)
}

const (
	// A missing packet is waited for as long as patienceTrips requests take: the first after
	// minReorder, and each up to lookInterval after it is due.
	patienceTrips = 4
	minPatience   = 150 * time.Millisecond
	maxPatience   = 800 * time.Millisecond
)

// patience is how long a missing packet is worth waiting for.
func (m *missing) patience() time.Duration {
	return min(max(m.wait+minReorder+patienceTrips*(m.rtt.answer()+lookInterval), minPatience), maxPatience)
}

const (
	// usualTrip stands for a round trip that is not yet known.
	usualTrip = 60 * time.Millisecond
	longTrip  = 100 * time.Millisecond
	minRetry  = 20 * time.Millisecond
	maxRetry  = 500 * time.Millisecond
)

// roundTrip smooths measurements of a round trip (RFC 6298 §2). The zero value knows
// none.
type roundTrip struct{ mean, deviation time.Duration }

func (r *roundTrip) observe(d time.Duration) {
	if r.mean == 0 {
		r.mean, r.deviation = d, d/8
		return
	}
	r.deviation += ((r.mean - d).Abs() - r.deviation) / 4
	r.mean += (d - r.mean) / 8
}

// answer is how long an answer takes at most.
func (r *roundTrip) answer() time.Duration {
	if r.mean == 0 {
		return usualTrip
	}
	return r.mean + 4*r.deviation
}

// retry is the time between two requests. On long paths it is half a round trip, because a lost
// request is then noticed earlier, and a little more, so that an answer comes before the third
// request. Deviations do not lengthen it: what is requested later than a round trip before the
// patience ends comes too late. A sender that was asked twice need not answer twice.
func (r *roundTrip) retry() time.Duration {
	d := r.answer()
	return min(max(minRetry, min(d, longTrip), r.mean/2+2*lookInterval), maxRetry)
}
