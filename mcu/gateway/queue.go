package gateway

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"tilemix/mcu"
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

// quota is the places for links that a gateway has.
type quota struct{ *Gateway }

// space returns an error if there is no place for another link. The caller holds g.mu.
func (g quota) space(kind Kind, room string, from netip.Prefix) error {
	if g.closed {
		return mcu.ErrClosed
	}
	if len(g.links) >= g.cfg.MaxTotal {
		return fmt.Errorf("%w: the server has %d outputs and inputs", ErrTooMany, len(g.links))
	}
	n, theirs := 0, 0
	for _, other := range g.links {
		if other.is(kind, room) {
			n++
		}
		if from.IsValid() && other.from == from {
			theirs++
		}
	}
	if most := max(1, g.cfg.MaxTotal/fromShare); theirs >= most {
		return fmt.Errorf("%w: one address may have %d outputs and inputs", ErrTooMany, most)
	}
	if n >= g.cfg.MaxPerRoom {
		return fmt.Errorf("%w: the room has %d %ss", ErrTooMany, n, kind)
	}
	return nil
}
