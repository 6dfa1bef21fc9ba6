package gateway

import (
	"sync/atomic"
	"time"
)

const (
	// A queue holds some three seconds of a room's mix: so long may the way out stand
	// still.
	queuedPictures = 90
	queuedPackets  = 150
	// queuedBytes bounds what is held where pictures are large.
	queuedBytes = 8 << 20
)

// lost counts what did not fit into queues.
type lost struct{ pictures, packets atomic.Uint64 }

func (l *lost) add(more *lost) {
	l.pictures.Add(more.pictures.Load())
	l.packets.Add(more.packets.Load())
}

// unit is an access unit or a packet of sound on its way out.
type unit struct {
	data       []byte
	at         time.Duration // from the room's epoch
	video, key bool
}

// queue takes the mix from the two clocks and holds it for the one goroutine that
// sends it. It is a [mcu.Sink] and blocks nobody: what does not fit is dropped
// and counted, pictures up to the next IDR. The memory is bounded and used again.
type queue struct {
	full            chan *unit
	pictures, sound chan *unit // those that are free
	held            atomic.Int64
	broken          bool          // pictures wait for an IDR; the picture clock's
	ended           chan struct{} // closed when nothing more comes
	lost            *lost
}

func newQueue(count *lost) *queue {
	q := &queue{
		full:     make(chan *unit, queuedPictures+queuedPackets),
		pictures: make(chan *unit, queuedPictures),
		sound:    make(chan *unit, queuedPackets),
		ended:    make(chan struct{}),
		lost:     count,
	}
	for range queuedPictures {
		q.pictures <- &unit{video: true}
	}
	for range queuedPackets {
		q.sound <- &unit{}
	}
	return q
}

// Video takes an access unit.
func (q *queue) Video(au []byte, key bool, at time.Duration) {
	q.broken = q.broken && !key || !q.put(q.pictures, au, key, at)
	if q.broken {
		q.lost.pictures.Add(1)
	}
}

// Audio takes a packet of sound.
func (q *queue) Audio(packet []byte, at time.Duration) {
	if !q.put(q.sound, packet, true, at) {
		q.lost.packets.Add(1)
	}
}

// Ended is called when the room has ended, or the queue was detached.
func (q *queue) Ended() { close(q.ended) }

func (q *queue) put(free chan *unit, data []byte, key bool, at time.Duration) bool {
	if q.held.Load()+int64(len(data)) > queuedBytes {
		return false
	}
	select {
	case u := <-free:
		u.data, u.key, u.at = append(u.data[:0], data...), key, at
		q.held.Add(int64(len(data)))
		q.full <- u // there is room for all
		return true
	default:
		return false
	}
}

// release gives a unit's memory back.
func (q *queue) release(u *unit) {
	q.held.Add(-int64(len(u.data)))
	if u.video {
		q.pictures <- u
	} else {
		q.sound <- u
	}
}
