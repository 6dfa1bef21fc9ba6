package relay

import (
	"time"

	"github.com/pion/rtp"

	"tilemix/codec/payload"
	"tilemix/codec/table"
)

const (
	// window (1024) is how many packets wait for one that is missing.
	window = 1024
	// A missing packet of a picture is waited for patient (300 ms), one of sound hasty (60 ms).
	patient, hasty = 300 * time.Millisecond, 60 * time.Millisecond
)

// piece is a packet in the window.
type piece struct {
	there     bool
	marker    bool
	sequence  uint16
	timestamp uint32
	payload   []byte // memory is reused
}

// assembly puts packets in order and together to units: access units of a picture, or blocks of sound. It
// belongs to one goroutine. Nothing is allocated once its memory has grown.
type assembly struct {
	of   *table.Video // nil: sound
	join payload.Joiner
	wait time.Duration

	ring    [window]piece
	next    uint16 // that is due
	begun   bool
	whole   bool // next begins a unit
	broken  bool // what follows is of no use before a key unit
	since   time.Time
	pending [][]byte // of the unit that is taken
}

func newAssembly(of *table.Video) *assembly {
	a := &assembly{of: of, wait: hasty}
	if of != nil {
		a.join, a.wait, a.broken = of.NewJoiner(), patient, true
	}
	return a
}

// unit is what leaves an assembly. Its payloads are valid until the next packet.
type unit struct {
	payloads  [][]byte
	timestamp uint32
	key       bool
}

// push takes a packet that came at now, and calls take for each unit that is complete. It returns false while
// pictures are of no use before a key frame.
func (a *assembly) push(h *rtp.Header, data []byte, now time.Time, take func(unit)) bool {
	if !a.begun {
		a.begun, a.next, a.whole = true, h.SequenceNumber, a.of == nil || a.join.Starts(data)
	}
	ahead := int16(h.SequenceNumber - a.next)
	if ahead < 0 {
		return !a.broken // it was there, or comes too late
	}
	if ahead >= window {
		a.skip(h.SequenceNumber)
		a.whole = a.of == nil || a.join.Starts(data)
	}
	p := &a.ring[h.SequenceNumber%window]
	if p.there && p.sequence == h.SequenceNumber {
		return !a.broken
	}
	*p = piece{true, h.Marker || a.of == nil, h.SequenceNumber, h.Timestamp, append(p.payload[:0], data...)}
	for a.unit(take) {
	}
	a.expire(h.SequenceNumber, now, take)
	return !a.broken
}

// at returns the packet of a sequence number, nil while it is missing.
func (a *assembly) at(sequence uint16) *piece {
	if p := &a.ring[sequence%window]; p.there && p.sequence == sequence {
		return p
	}
	return nil
}

// unit takes the next unit, if all of it is there.
func (a *assembly) unit(take func(unit)) bool {
	last := a.next
	for p := a.at(last); ; p = a.at(last) {
		if p == nil || last-a.next >= window-1 {
			return false
		}
		if p.marker {
			break
		}
		last++
	}
	u := unit{payloads: a.pending[:0], timestamp: a.at(a.next).timestamp, key: a.of == nil}
	for n := a.next; n != last+1; n++ {
		p := a.at(n)
		p.there = false
		u.payloads = append(u.payloads, p.payload)
	}
	a.pending, a.next, a.since = u.payloads, last+1, time.Time{}
	whole := a.whole
	a.whole = true
	if a.of == nil || whole && a.useful(&u) {
		take(u)
	}
	return true
}

// useful tells whether a picture can be shown, and finds out whether it is a key frame.
func (a *assembly) useful(u *unit) bool {
	a.join.Reset()
	for _, p := range u.payloads {
		if !a.join.Add(p) {
			a.broken = true
			return false
		}
	}
	u.key = a.of.IsKey(a.join.Unit())
	a.broken = a.broken && !u.key
	return !a.broken
}

// expire gives up what is missing after some time. newest is the packet that came.
func (a *assembly) expire(newest uint16, now time.Time, take func(unit)) {
	n := a.next
	for n != newest+1 && a.at(n) != nil {
		n++
	}
	switch {
	case n == newest+1:
		a.since = time.Time{}
	case a.since.IsZero():
		a.since = now
	case now.Sub(a.since) >= a.wait:
		for a.at(n) == nil {
			n++
		}
		a.skip(n)
		a.whole = a.of == nil || a.join.Starts(a.at(n).payload)
		for a.unit(take) {
		}
	}
}

// skip goes on with a later packet. Pictures are broken then.
func (a *assembly) skip(to uint16) {
	a.next, a.since, a.whole, a.broken = to, time.Time{}, a.of == nil, a.of != nil
}
