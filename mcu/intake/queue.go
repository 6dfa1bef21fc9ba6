// Package intake takes what a room's clocks encode and holds it for the one goroutine
// that does something with it.
//
//	picture clock ─▶ Queue.Picture ┐
//	                               ├▶ Queue.C ─▶ a goroutine ─▶ Queue.Done
//	sound clock ───▶ Queue.Packet ─┘
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

// Default holds some two seconds of a room's mix.
func Default() Config { return Config{Pictures: 64, Packets: 100, Bytes: 4 << 20} }

// Unit is an access unit or a packet of sound. It belongs to whoever took it from the
// queue, until Done.
type Unit struct {
	Data       []byte        // Annex B, or Opus
	At         time.Duration // from the room's epoch
	Video, Key bool
}

// Queue is bounded and blocks nobody: what does not fit is dropped and counted, pictures
// up to the next IDR. Its memory is used again. Picture, Packet and the reader of C have
// a goroutine each at most; all may run at once.
type Queue struct {
	C <-chan *Unit

	full            chan *Unit
	pictures, sound chan *Unit // those that are free
	held            atomic.Int64
	most            int64
	broken          bool // pictures wait for an IDR; the picture clock's

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

// Picture copies an access unit into the queue.
func (q *Queue) Picture(au []byte, key bool, at time.Duration) {
	if q.broken && !key || !q.put(q.pictures, au, key, at) {
		q.broken = true
		q.lostPictures.Add(1)
		return
	}
	q.broken = false
}

// Packet copies a packet of sound into the queue.
func (q *Queue) Packet(data []byte, at time.Duration) {
	if !q.put(q.sound, data, true, at) {
		q.lostPackets.Add(1)
	}
}

func (q *Queue) put(free chan *Unit, data []byte, key bool, at time.Duration) bool {
	if q.held.Load()+int64(len(data)) > q.most {
		return false
	}
	select {
	case u := <-free:
		u.Data, u.Key, u.At = append(u.Data[:0], data...), key, at
		q.held.Add(int64(len(data)))
		q.full <- u // there is room for all
		return true
	default:
		return false
	}
}

// Done gives a unit's memory back.
func (q *Queue) Done(u *Unit) {
	q.held.Add(-int64(len(u.Data)))
	if u.Video {
		q.pictures <- u
	} else {
		q.sound <- u
	}
}

// Dropped tells what did not fit so far. It is safe for concurrent use.
func (q *Queue) Dropped() (pictures, packets uint64) {
	return q.lostPictures.Load(), q.lostPackets.Load()
}
