package rtc

import (
	"time"

	"github.com/pion/rtcp"
)

const (
	// repairWindow is how many of the newest packets are asked for again.
	repairWindow = 512
	// repairTries is how often one packet is asked for.
	repairTries = 10
	// reorder is how many packets may overtake one before it counts as missing, unless
	// that takes longer than minReorder, and maxReorder how long packets are given that
	// overtake each other often.
	reorder    = 2
	minReorder = 20 * time.Millisecond
	maxReorder = 100 * time.Millisecond
	// waitKept is how soon that is forgotten where it does not happen any more.
	waitKept = 3 * time.Second
	// lookInterval is the least time between two looks for what is missing.
	lookInterval = 5 * time.Millisecond
)

// missing knows which packets of a stream have not come, and makes NACKs of them
// (RFC 4585 §6.2.1): as soon as a packet is later than others were that came after
// all, and again a round trip later. It belongs to the goroutine that reads the
// track.
type missing struct {
	trip    roundTrip
	started bool
	highest uint16
	places  [repairWindow]place
	holes   int           // places that are missing
	wait    time.Duration // for packets that were only overtaken
	marked  bool          // packets that are sent again can be told from others
	looked  time.Time
	lost    []uint16 // scratch
}

// place is one of the newest packets.
type place struct {
	missing bool
	tries   uint8
	since   time.Time // missing
	asked   time.Time // last
}

// packet notes a packet, and returns whether it had been asked for. again says that it
// was sent again in a stream of its own.
func (m *missing) packet(seq uint16, again bool, now time.Time) (asked bool) {
	m.marked = m.marked || again
	if !m.started {
		m.started, m.highest = true, seq
		return false
	}
	ahead := int16(seq - m.highest)
	switch {
	case ahead > repairWindow || ahead < -repairWindow: // the sender began anew
		m.forget()
		m.highest = seq
	case ahead > 0:
		for s := m.highest + 1; s != seq; s++ {
			m.lack(s, now)
		}
		m.fill(seq)
		m.highest = seq
	default:
		return m.came(seq, again, now)
	}
	return false
}

func (m *missing) forget() {
	m.holes = 0
	clear(m.places[:])
}

func (m *missing) lack(seq uint16, now time.Time) {
	m.fill(seq)
	m.places[seq%repairWindow] = place{missing: true, since: now}
	m.holes++
}

func (m *missing) fill(seq uint16) {
	p := &m.places[seq%repairWindow]
	if p.missing {
		m.holes--
	}
	*p = place{}
}

// came learns from a packet that came late: how long packets are overtaken, or how
// long it took to have it sent again. One that was asked for more than once tells
// nothing (Karn's algorithm). It returns whether the packet had been asked for.
func (m *missing) came(seq uint16, again bool, now time.Time) (asked bool) {
	p := m.places[seq%repairWindow]
	m.fill(seq)
	switch {
	case !p.missing || p.tries > 1:
	case p.tries == 0 || m.marked && !again || now.Sub(p.asked) < m.trip.mean/2:
		m.wait = min(max(m.wait, now.Sub(p.since)), maxReorder)
	default:
		m.trip.observe(now.Sub(p.asked))
	}
	return again || p.missing && p.tries > 0
}

// due returns the NACK that is to be sent now, or nil.
func (m *missing) due(now time.Time) []rtcp.NackPair {
	if m.holes == 0 || now.Sub(m.looked) < lookInterval {
		return nil
	}
	m.wait -= time.Duration(float64(m.wait) * min(now.Sub(m.looked), time.Second).Seconds() / waitKept.Seconds())
	m.looked = now
	m.lost = m.lost[:0]
	for back := uint16(repairWindow - 1); back > 0; back-- {
		seq := m.highest - back
		p := &m.places[seq%repairWindow]
		switch {
		case !p.missing:
		case back <= reorder && now.Sub(p.since) < minReorder:
		case now.Sub(p.since) > m.patience() || p.tries == repairTries: // given up
			m.fill(seq)
		case now.Sub(p.since) >= m.wait && now.Sub(p.asked) >= m.trip.retry():
			p.tries++
			p.asked = now
			m.lost = append(m.lost, seq)
		}
	}
	if len(m.lost) == 0 {
		return nil
	}
	return rtcp.NackPairsFromSequenceNumbers(m.lost)
}

const (
	// A packet is waited for as long as four requests take.
	patienceTrips = 4
	minPatience   = 150 * time.Millisecond
	maxPatience   = 800 * time.Millisecond
)

// patience is how long a missing packet is worth waiting for.
func (m *missing) patience() time.Duration {
	return min(max(m.wait+patienceTrips*m.trip.answer(), minPatience), maxPatience)
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

// retry is the time between two requests. On long lines that is less than an answer
// takes: a request that was lost too is not found out so late, and a sender who was
// asked twice need not answer twice.
func (r *roundTrip) retry() time.Duration {
	d := r.answer()
	return min(max(minRetry, min(d, longTrip), d/2), maxRetry)
}
