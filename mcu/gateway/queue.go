package gateway

import (
	"sync/atomic"
	"time"

	"tilemix/mcu/intake"
)

// held is some three seconds of a room's mix: so long may the way out stand still.
var held = intake.Config{Pictures: 90, Packets: 150, Bytes: 8 << 20}

// lost counts what did not fit into queues.
type lost struct{ pictures, packets atomic.Uint64 }

func (l *lost) add(pictures, packets uint64) {
	l.pictures.Add(pictures)
	l.packets.Add(packets)
}

// queue is a [mcu.Sink] that holds the mix for the one goroutine that sends it.
type queue struct {
	*intake.Queue
	ended chan struct{} // closed when nothing more comes
}

func newQueue() *queue { return &queue{intake.NewQueue(held), make(chan struct{})} }

// Video takes an access unit.
func (q *queue) Video(au []byte, key bool, at time.Duration) { q.Picture(au, key, at) }

// Audio takes a packet of sound.
func (q *queue) Audio(packet []byte, at time.Duration) { q.Packet(packet, at) }

// Ended is called when the room has ended, or the queue was detached.
func (q *queue) Ended() { close(q.ended) }
