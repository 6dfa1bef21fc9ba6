// Package intake takes what a room's clocks encode and holds it for the one goroutine that uses it.
//
//	picture clock ─▶ Queue.Picture ┐
//	                               ├▶ Queue.C ─▶ a goroutine ─▶ Queue.Done
//	sound clock ───▶ Queue.Packet ─┘
//
// A Grid puts the pictures of a sink on even times.
//
// It is the edge between a clock and a sink that may be slow. A clock never waits: what does
// not fit is dropped and counted. After a dropped picture the following ones are dropped up to the
// next IDR, because they cannot be decoded without it.
package intake

import (
	"sync/atomic"
	"time"
)

// Config bounds a queue. Start from Default.
type Config struct {
	Pictures int   // access units
	Packets  int   // of sound
	Bytes    int64 // of both
}

// Default holds about two seconds of a room's mix.
func Default() Config { return Config{Pictures: 64, Packets: 100, Bytes: 4 << 20} }

// Unit is an access unit or a packet of sound. It belongs to the goroutine that took it from the
// queue, until Done.
type Unit struct {
	Data       []byte        // Annex B, or Opus
	At         time.Duration // since the server's epoch
	Video, Key bool
	// Generation is that of the call that brought it. A reader that attached a second sink to its
	// queue knows by it which of them a unit came by.
	Generation int
}

// streams is how many generations are told apart that come at once.
const streams = 4

// Queue is bounded and blocks no caller. Its memory is used again. Picture, Packet and the reader of
// C may be called by one goroutine each, all at once.
type Queue struct {
	C <-chan *Unit

	full            chan *Unit
	pictures, sound chan *Unit // free units
	held            atomic.Int64
	most            int64
	broken          [streams]bool // by generation: pictures wait for an IDR; owned by the caller of Picture

	lostPictures, lostPackets atomic.Uint64
}

// NewQueue returns an empty queue.
func NewQueue(cfg Config) *Queue {
	q := &Queue{
		full:     make(chan *Unit, cfg.Pictures+cfg.Packets),
		pictures: make(chan *Unit, cfg.Pictures),
		sound:    make(chan *Unit, cfg.Packets),
		most:     cfg.Bytes,
	}
	q.C = q.full
	for range cfg.Pictures {
		q.pictures <- &Unit{Video: true}
	}
	for range cfg.Packets {
		q.sound <- &Unit{}
	}
	return q
}

// Picture copies an access unit into the queue. What follows one that is dropped is dropped too, up to the next
// IDR of its generation. Four generations may come at once.
func (q *Queue) Picture(generation int, au []byte, key bool, at time.Duration) {
	broken := &q.broken[generation%streams]
	if *broken && !key || !q.put(q.pictures, generation, au, key, at) {
		*broken = true
		q.lostPictures.Add(1)
		return
	}
	*broken = false
}

// Packet copies a packet of sound into the queue.
func (q *Queue) Packet(generation int, data []byte, at time.Duration) {
	if !q.put(q.sound, generation, data, true, at) {
		q.lostPackets.Add(1)
	}
}

// put copies data into a free unit. It returns false if there is none, or too much is held.
func (q *Queue) put(free chan *Unit, generation int, data []byte, key bool, at time.Duration) bool {
	if q.held.Load()+int64(len(data)) > q.most {
		return false
	}
	select {
	case u := <-free:
		u.Data, u.Key, u.At, u.Generation = append(u.Data[:0], data...), key, at, generation
		q.held.Add(int64(len(data)))
		q.full <- u // never blocks: it has room for all units
		return true
	default:
		return false
	}
}

// Done returns a unit's memory to the queue.
func (q *Queue) Done(u *Unit) {
	q.held.Add(-int64(len(u.Data)))
	if u.Video {
		q.pictures <- u
	} else {
		q.sound <- u
	}
}

// Dropped returns how many access units and packets were dropped so far. It is safe for concurrent
// use.
func (q *Queue) Dropped() (pictures, packets uint64) {
	return q.lostPictures.Load(), q.lostPackets.Load()
}
