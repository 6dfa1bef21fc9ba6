package send

import (
	"sync/atomic"
	"time"

	"tilemix/mcu/packet"
)

const (
	// queueUnits is how many units wait for a narrow path.
	queueUnits = 64
	// longest is how much may wait, in time at the pacing rate.
	longest = time.Second
)

// queuedUnit is an access unit or a block of sound that is to be sent to a binding.
type queuedUnit struct {
	packet.Packets
	to *Binding
}

// sendQueue is a ring of the units that are to be sent. One goroutine puts units in, and
// the one that owns the sender takes them out.
type sendQueue struct {
	ring       [queueUnits]queuedUnit
	head, tail atomic.Uint32 // next to be put; next to be sent
	bytes      atomic.Int64
	skip       atomic.Uint32 // units before it are not begun
}

func (q *sendQueue) pending() int { return int(q.head.Load() - q.tail.Load()) }

// fits returns whether a unit may wait behind the others, of which rate bits a second
// leave; 0 is no limit. A key unit always may while there is a place.
func (q *sendQueue) fits(size int64, key bool, rate float64) bool {
	waiting := q.bytes.Load()
	if waiting == 0 || q.pending() == queueUnits {
		return waiting == 0
	}
	return key || rate == 0 || float64(waiting+size)*8 <= rate*longest.Seconds()
}

// put retains a unit. startsAnew says that a receiver needs none of the units before it,
// which are then not begun.
func (q *sendQueue) put(p queuedUnit, startsAnew bool) {
	at := q.head.Load()
	if startsAnew {
		q.skip.Store(at)
	}
	q.ring[at%queueUnits] = p
	p.Buffer.Retain()
	q.bytes.Add(p.Size())
	q.head.Store(at + 1)
}

// first returns the next unit, or nil, and whether it is not to be begun.
func (q *sendQueue) first() (p *queuedUnit, skipped bool) {
	at := q.tail.Load()
	if at == q.head.Load() {
		return nil, false
	}
	return &q.ring[at%queueUnits], int32(q.skip.Load()-at) > 0
}

// remove releases the unit that first returned.
func (q *sendQueue) remove() {
	at := q.tail.Load()
	p := &q.ring[at%queueUnits]
	q.bytes.Add(-p.Size())
	p.Buffer.Release()
	*p = queuedUnit{}
	q.tail.Store(at + 1)
}
