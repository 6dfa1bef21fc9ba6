package rtc

import (
	"time"

	"github.com/pion/rtcp"
)

const (
	// repairWindow is how many of the newest packets are asked for again.
	repairWindow = 256
	// repairTries is how often one packet is asked for, repairInterval how long
	// the answer is waited for: a round trip on most lines.
	repairTries    = 8
	repairInterval = 60 * time.Millisecond
	// reorder is how many packets may overtake one before it counts as missing.
	reorder = 2
)

// missing knows which packets of a stream have not come, and makes NACKs of them
// (RFC 4585 §6.2.1). It belongs to the goroutine that reads the track.
type missing struct {
	started bool
	highest uint16
	places  [repairWindow]place
	holes   int // places that are missing
	asked   time.Time
	lost    []uint16 // scratch
}

// place is one of the newest packets.
type place struct {
	missing bool
	tries   uint8
}

// packet notes a packet.
func (m *missing) packet(seq uint16) {
	if !m.started {
		m.started, m.highest = true, seq
		return
	}
	ahead := int16(seq - m.highest)
	switch {
	case ahead > repairWindow || ahead < -repairWindow: // the sender began anew
		*m = missing{started: true, highest: seq, lost: m.lost}
	case ahead > 0:
		for s := m.highest + 1; s != seq; s++ {
			m.set(s, true)
		}
		m.set(seq, false)
		m.highest = seq
	default:
		m.set(seq, false)
	}
}

func (m *missing) set(seq uint16, missing bool) {
	p := &m.places[seq%repairWindow]
	switch {
	case missing && !p.missing:
		m.holes++
	case !missing && p.missing:
		m.holes--
	}
	*p = place{missing: missing}
}

// due returns the NACK that is to be sent now, or nil.
func (m *missing) due(now time.Time) []rtcp.NackPair {
	if m.holes == 0 || now.Sub(m.asked) < repairInterval {
		return nil
	}
	m.lost = m.lost[:0]
	for back := uint16(repairWindow - 1); back > reorder; back-- {
		seq := m.highest - back
		p := &m.places[seq%repairWindow]
		if !p.missing {
			continue
		}
		if p.tries == repairTries { // given up
			m.set(seq, false)
			continue
		}
		p.tries++
		m.lost = append(m.lost, seq)
	}
	if len(m.lost) == 0 {
		return nil
	}
	m.asked = now
	return rtcp.NackPairsFromSequenceNumbers(m.lost)
}
