package record

import (
	"sync/atomic"
	"time"
)

const (
	// A queue holds some seven seconds of a room's mix: so long may a disk stand still.
	queuedPictures = 240
	queuedPackets  = 350
	// queuedBytes bounds what is held where pictures are large.
	queuedBytes = 16 << 20
)

// unit is an access unit or a packet of sound on its way to the file.
type unit struct {
	data       []byte
	at         time.Duration // from the room's epoch
	video, key bool
	turn       int // of the intake that it came by
}

// queue takes media from the two clocks and holds it for the one goroutine that
// writes. It blocks nobody: what does not fit is dropped and counted, pictures up to the
// next IDR. The memory is bounded and used again.
type queue struct {
	full            chan *unit
	pictures, sound chan *unit // those that are free
	held            atomic.Int64
	broken          bool // pictures wait for an IDR; the picture clock's

	lostPictures, lostPackets atomic.Uint64
}

func newQueue() *queue {
	q := &queue{
		full:     make(chan *unit, queuedPictures+queuedPackets),
		pictures: make(chan *unit, queuedPictures),
		sound:    make(chan *unit, queuedPackets),
	}
	for range queuedPictures {
		q.pictures <- &unit{video: true}
	}
	for range queuedPackets {
		q.sound <- &unit{}
	}
	return q
}

// picture takes an access unit.
func (q *queue) picture(au []byte, key bool, turn int, at time.Duration) {
	if q.broken && !key || !q.put(q.pictures, au, key, turn, at) {
		q.broken = true
		q.lostPictures.Add(1)
		return
	}
	q.broken = false
}

// packet takes a packet of sound.
func (q *queue) packet(data []byte, turn int, at time.Duration) {
	if !q.put(q.sound, data, true, turn, at) {
		q.lostPackets.Add(1)
	}
}

func (q *queue) put(free chan *unit, data []byte, key bool, turn int, at time.Duration) bool {
	if q.held.Load()+int64(len(data)) > queuedBytes {
		return false
	}
	select {
	case u := <-free:
		u.data, u.key, u.turn, u.at = append(u.data[:0], data...), key, turn, at
		q.held.Add(int64(len(data)))
		q.full <- u // there is room for all
		return true
	default:
		return false
	}
}

// done gives a unit's memory back.
func (q *queue) done(u *unit) {
	q.held.Add(-int64(len(u.data)))
	if u.video {
		q.pictures <- u
	} else {
		q.sound <- u
	}
}
