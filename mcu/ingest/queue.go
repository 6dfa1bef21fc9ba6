package ingest

import (
	"time"

	"github.com/pion/rtp"

	"tilemix/codec/payload"
)

const (
	// window bounds the packets that are held, and so the size of an access
	// unit; it divides 2^16.
	window = 2048
	// usualPatience is how long a missing packet is waited for by default.
	usualPatience = 250 * time.Millisecond
	// maxPayload is the longest payload that is taken.
	maxPayload = 1500
)

// queue puts packets in order and joins them to access units. Its memory is
// bounded by the window and reused.
type queue struct {
	slots    [window]slot
	patience time.Duration
	started  bool
	fresh    bool   // nothing has come out: packets before head may still come
	head     uint16 // first packet of the access unit that comes next
	scan     uint16 // first packet that is missing; head…scan-1 are here
	highest  uint16 // newest packet

	gap   bool   // something was lost since the last call of lost
	holes uint64 // times that packets were missing for good
	liar  bool   // markers stand in the middle of pictures too
	join  payload.Joiner
	stamp uint32   // the timestamp of what pop returned last
	told  bool     // pop returned it by its marker, and nothing was lost since
	spare [][]byte // memory of packets that are gone: as much as was ever held at once
}

// slot is the place of one packet.
type slot struct {
	used, marker bool
	empty        bool // padding alone, of no access unit
	timestamp    uint32
	at           time.Time
	payload      []byte
}

func (q *queue) slot(seq uint16) *slot { return &q.slots[seq%window] }

// push takes a copy of p, unless it is late, double or too long.
func (q *queue) push(p *rtp.Packet, now time.Time) bool {
	if !q.started {
		q.restart(p.SequenceNumber)
	}
	switch ahead := int16(p.SequenceNumber - q.head); {
	case ahead <= -window || ahead >= window: // the sender began anew
		q.restart(p.SequenceNumber)
		q.gap = true
	case ahead < 0 && q.fresh && int16(q.highest-p.SequenceNumber) < window:
		q.head, q.scan = p.SequenceNumber, p.SequenceNumber
	case ahead < 0:
		return false
	}
	s := q.slot(p.SequenceNumber)
	if s.used || len(p.Payload) > maxPayload {
		return false
	}
	s.used, s.marker, s.timestamp, s.at = true, p.Marker, p.Timestamp, now
	s.empty = len(p.Payload) == 0
	s.payload = append(q.memory(), p.Payload...)
	if int16(p.SequenceNumber-q.highest) > 0 {
		q.highest = p.SequenceNumber
	}
	return true
}

func (q *queue) restart(seq uint16) {
	for i := range q.slots {
		q.free(&q.slots[i])
	}
	q.started, q.fresh, q.told, q.liar = true, true, false, false
	q.head, q.scan, q.highest = seq, seq, seq
}

// memory returns an empty payload to be filled.
func (q *queue) memory() []byte {
	n := len(q.spare)
	if n == 0 {
		return nil
	}
	b := q.spare[n-1]
	q.spare = q.spare[:n-1]
	return b
}

// free empties a slot.
func (q *queue) free(s *slot) {
	if s.used {
		q.spare = append(q.spare, s.payload[:0])
		s.used, s.payload = false, nil
	}
}

// pop returns the next access unit and when its first packet came. The bytes
// are valid until the next call. Missing packets are waited for, but not for
// ever.
func (q *queue) pop(now time.Time) (au []byte, first time.Time, ok bool) {
	for q.started {
		if !q.complete() {
			if !q.overdue(now) {
				break
			}
			q.skip()
			continue
		}
		if first, ok = q.assemble(); ok {
			return q.join.Unit(), first, true
		}
		q.gap = true
	}
	return nil, time.Time{}, false
}

// lost tells whether anything was lost before what pop returned last.
func (q *queue) lost() bool {
	gap := q.gap
	q.gap = false
	return gap
}

// complete moves scan to the end of the access unit and tells whether it is
// there: behind a marker, or before another timestamp (RFC 6184 §5.1).
func (q *queue) complete() bool {
	q.begin()
	for s := q.slot(q.scan); s.used; s = q.slot(q.scan) {
		if q.scan != q.head && !s.empty && s.timestamp != q.slot(q.head).timestamp {
			return true
		}
		q.scan++
		if s.marker && !s.empty && !q.liar {
			return true
		}
		if q.scan-q.head >= window {
			break
		}
	}
	return false
}

// begin leaves out padding before an access unit, and notices where that goes on with the one
// before, although that had a marker. Then timestamps alone count.
func (q *queue) begin() {
	if q.scan != q.head {
		return
	}
	s := q.slot(q.head)
	for ; s.used && s.empty; s = q.slot(q.head) {
		q.free(s)
		q.head++
		q.scan = q.head
	}
	if s.used && !q.liar && q.told && s.timestamp == q.stamp && q.join.Continues(s.payload) {
		q.liar, q.gap = true, true
	}
}

// overdue tells whether scan has been missing for too long: since the packets
// behind it began to come, so that several losses are waited for at once.
func (q *queue) overdue(now time.Time) bool {
	if q.scan-q.head >= window {
		return true
	}
	for seq := q.scan + 1; int16(q.highest-seq) >= 0; seq++ {
		if s := q.slot(seq); s.used {
			return now.Sub(s.at) > q.patience
		}
	}
	return false
}

// skip drops everything up to the next packet that can start an access unit.
func (q *queue) skip() {
	q.gap, q.fresh, q.told = true, false, false
	q.holes++
	damaged := q.slot(q.head)
	hurt, timestamp := damaged.used, damaged.timestamp
	for {
		q.free(q.slot(q.head))
		q.head++
		s := q.slot(q.head)
		if int16(q.head-q.highest) > 0 ||
			s.used && q.join.Starts(s.payload) && (!hurt || s.timestamp != timestamp) {
			break
		}
	}
	q.scan = q.head
}

// assemble joins head…scan-1 and frees their slots.
func (q *queue) assemble() (first time.Time, ok bool) {
	q.join.Reset()
	q.fresh = false
	q.stamp = q.slot(q.head).timestamp
	ok = true
	for ; q.head != q.scan; q.head++ {
		s := q.slot(q.head)
		if first.IsZero() || s.at.Before(first) {
			first = s.at
		}
		ok = ok && (s.empty || q.join.Add(s.payload))
		q.free(s)
	}
	q.told = ok
	return first, ok && q.join.Whole()
}
