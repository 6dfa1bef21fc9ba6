package gateway

import (
	"sync/atomic"
	"time"

	"tilemix/mcu/intake"
)

// mixQueue holds about three seconds of a room's mix, in case the other end stalls.
func mixQueue() intake.Config { return intake.Config{Pictures: 90, Packets: 150, Bytes: 8 << 20} }

// lost counts access units and packets that did not fit into queues.
type lost struct{ pictures, packets atomic.Uint64 }

func (l *lost) add(pictures, packets uint64) {
	l.pictures.Add(pictures)
	l.packets.Add(packets)
}

// queue is a [media.Sink] that holds the mix for the one goroutine that sends it.
type queue struct {
	*intake.Queue
	ended chan struct{} // closed when nothing more comes
}

func newQueue() *queue { return &queue{intake.NewQueue(mixQueue()), make(chan struct{})} }

// Video takes an access unit.
func (q *queue) Video(au []byte, key bool, at time.Duration) { q.Picture(0, au, key, at) }

// Audio takes a packet of sound.
func (q *queue) Audio(packet []byte, at time.Duration) { q.Packet(0, packet, at) }

// Ended says that no more media comes: the room has ended, or the queue was detached.
func (q *queue) Ended() { close(q.ended) }
