package jitter

import (
	"slices"
	"time"
)

const (
	// block is what the caller plays at a time: 20 ms.
	block = 960
	ms    = 48

	maxSamples = 120 * ms // RFC 6716 §3.2.5

	// capacity is how many sequence numbers the buffer spans: 5 s of 20 ms packets.
	capacity = 256
	// usualPayload holds most packets: 64 kbit/s at 20 ms.
	usualPayload = 192
	// maxJump is the largest step ahead in sequence numbers that is a loss (RFC
	// 3550 §A.1); anything else must be confirmed by the packet that follows.
	maxJump = 3000
	// lateRun is how many late packets in a row mean that the sender has started
	// over with lower sequence numbers.
	lateRun = 25
)

// Packet is one RTP packet of sound.
type Packet struct {
	SSRC      uint32
	Seq       uint16
	Timestamp uint32 // at 48 kHz
	Samples   int    // duration, at 48 kHz
	Level     uint8  // RFC 6464, -dBov; meaningful when HasLevel
	HasLevel  bool
	// Pause says that the sender goes silent after this packet (DTX): until the
	// next one comes nothing is missing.
	Pause bool
	// FEC says that the packet carries a copy of the sound before it.
	FEC bool
	// Retransmitted says that the packet was lost and asked for again. It is played where it
	// comes in time, and is not waited for.
	Retransmitted bool
	Payload       []byte
}

// Stats counts packets since the buffer was made.
type Stats struct {
	Received  uint64 // pushed, whatever became of them
	Late      uint64 // came after their time and were dropped
	Duplicate uint64 // came again and were dropped
	Dropped   uint64 // skipped: too much was buffered
	Lost      uint64 // not there when their time came
	Recovered uint64 // of these, those that the following packet's FEC makes good
	Concealed uint64 // stretches of up to 20 ms to be made up
	Restarts  uint64 // new SSRC, or a jump in sequence numbers or timestamps
}

// Buffer is a jitter buffer for one stream. The zero value is ready. It belongs
// to one goroutine, holds at most 256 packets and allocates only until its
// slots have seen packets of the stream's size.
type Buffer struct {
	slots   [capacity]slot
	times   arrivals
	stats   Stats
	started bool
	origin  time.Time // of sample time

	// What came in, with sequence numbers and timestamps unwrapped.
	ssrc     uint32
	newest   int64 // highest sequence number
	newestAt int64 // and its timestamp
	suspect  suspect
	late     int // late packets in a row

	// What goes out.
	running       bool  // sound is played, at the position below
	fresh         bool  // nothing of this stream has been played
	next          int64 // sequence number to play next
	at            int64 // timestamp to play next
	filled        int   // samples made up since then
	waited        int   // of these, with no packet in the buffer
	samples       int   // duration of the packet played last
	pause         bool  // and whether it announced a pause
	lossy         losses
	discontinuity bool  // the next packet does not continue what was played
	over          int   // Adjust calls in a row with too long a delay; negative: too short
	raised        int64 // by how much the target is longer than the packets need
}

// slot keeps the packet of one sequence number, and what it was after it has gone.
type slot struct {
	Packet
	seq  int64
	at   int64
	full bool
}

// suspect is a packet out of place: the stream has moved there if one follows it.
type suspect struct {
	seq uint16
	set bool
}

// Stats returns the counters.
func (b *Buffer) Stats() Stats { return b.stats }

// Push takes a packet that came at now, which never goes back. The payload is
// copied.
func (b *Buffer) Push(p Packet, now time.Time) {
	b.stats.Received++
	p.Samples = min(max(p.Samples, grain), maxSamples)
	if !b.started {
		b.origin = now
	}
	if !b.started || p.SSRC != b.ssrc {
		b.restart(&p)
	}
	seq := b.newest + int64(int16(p.Seq-uint16(b.newest)))
	if jump := seq - b.newest; jump > maxJump || jump <= -capacity {
		if !b.suspect.set || b.suspect.seq+1 != p.Seq {
			b.suspect = suspect{p.Seq, true}
			b.stats.Dropped++
			return
		}
		b.restart(&p)
		seq = b.newest
	}
	b.suspect.set = false
	at := b.newestAt + int64(int32(p.Timestamp-uint32(b.newestAt)))
	if s := b.slot(seq); s.seq == seq && s.at == at {
		b.stats.Duplicate++
		return
	}
	if !p.Retransmitted {
		b.times.observe(at, b.clock(now))
	}
	if seq < b.next && !b.precedes(seq) {
		b.stats.Late++
		if p.Retransmitted {
			return
		}
		if b.late++; b.late < lateRun {
			return
		}
		b.restart(&p)
		seq, at = b.newest, b.newestAt
		b.times.observe(at, b.clock(now))
	}
	b.late = 0
	b.put(&p, seq, at)
}

// restart makes p the first packet of a new stream.
func (b *Buffer) restart(p *Packet) {
	if b.started {
		b.stats.Restarts++
	}
	for i := range b.slots {
		if b.slots[i].full {
			b.stats.Dropped++
		}
		b.slots[i].full = false
		b.slots[i].seq = -1
	}
	b.times.reset()
	b.started = true
	b.ssrc = p.SSRC
	// The unwrapped numbers begin high enough never to become negative.
	b.newest = 1<<32 | int64(p.Seq)
	b.newestAt = 1<<40 | int64(p.Timestamp)
	b.next = b.newest
	b.suspect.set = false
	b.late = 0
	b.running = false
	b.fresh = true
	b.filled, b.waited = 0, 0
	b.samples = p.Samples
	b.pause = false
	b.lossy = losses{}
	b.over = 0
}

// precedes reports whether a packet before the next one still has its place,
// because nothing has been played, and moves next to it.
func (b *Buffer) precedes(seq int64) bool {
	if !b.fresh || b.newest-seq >= capacity {
		return false
	}
	b.next = seq
	return true
}

func (b *Buffer) put(p *Packet, seq, at int64) {
	for ; seq-b.next >= capacity; b.next++ {
		b.drop(b.slot(b.next), b.next)
		b.discontinuity = true
	}
	s := b.slot(seq)
	payload := append(slices.Grow(s.Payload[:0], max(len(p.Payload), usualPayload)), p.Payload...)
	*s = slot{Packet: *p, seq: seq, at: at, full: true}
	s.Payload = payload
	if seq > b.newest {
		b.newest, b.newestAt = seq, at
	}
}

func (b *Buffer) drop(s *slot, seq int64) {
	if s.full && s.seq == seq {
		s.full = false
		b.stats.Dropped++
	}
}

func (b *Buffer) slot(seq int64) *slot { return &b.slots[seq%capacity] }

// first returns the earliest packet in the buffer, or nil.
func (b *Buffer) first() *slot {
	for seq := b.next; seq <= b.newest; seq++ {
		if s := b.slot(seq); s.full && s.seq == seq {
			return s
		}
	}
	return nil
}

// clock returns now in samples since the buffer's first packet.
func (b *Buffer) clock(now time.Time) int64 {
	return int64(now.Sub(b.origin)/time.Microsecond) * ms / 1000
}

// Playing returns the timestamp of the sample that a caller that holds this many from
// before plays next, and its delay if the caller plays it at now. ok is false while there is
// no sound, and while it is made up.
func (b *Buffer) Playing(held int, now time.Time) (timestamp uint32, delay time.Duration, ok bool) {
	if !b.running || b.filled > 0 {
		return 0, 0, false
	}
	return uint32(b.at) - uint32(held), duration(b.delay(held, now)), true
}

// Raise has the buffer steer to a delay that is this much longer than the packets
// need, so that the sound waits for something else.
func (b *Buffer) Raise(by time.Duration) { b.raised = int64(by/time.Microsecond) * ms / 1000 }
