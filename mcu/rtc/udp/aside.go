package udp

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// asideBacklog is how many packets wait for the TURN server.
const asideBacklog = 256

// Aside is the TURN server's part of a socket that it shares with media. It is a net.PacketConn, and
// safe for concurrent use. Deadlines do nothing. A packet that finds asideBacklog others waiting is
// dropped and counted.
type Aside struct {
	socket  *Socket
	packets chan datagram
	free    chan []byte
	done    chan struct{}
	once    sync.Once
	dropped atomic.Uint64
}

// datagram is a packet that has arrived.
type datagram struct {
	data []byte
	from netip.AddrPort
}

// Share sets aside what arrives for a TURN server. It is to be called before the first read.
func (s *Socket) Share() *Aside {
	s.aside = &Aside{
		socket: s, done: make(chan struct{}),
		packets: make(chan datagram, asideBacklog), free: make(chan []byte, asideBacklog),
	}
	return s.aside
}

// put queues a copy of a packet. The socket's reader alone calls it.
func (a *Aside) put(b []byte, from netip.AddrPort) {
	if len(a.packets) == cap(a.packets) {
		a.dropped.Add(1)
		return
	}
	var buf []byte
	select {
	case buf = <-a.free:
	default:
	}
	a.packets <- datagram{append(buf[:0], b...), from}
}

// Dropped counts packets that found too many waiting.
func (a *Aside) Dropped() uint64 { return a.dropped.Load() }

// ReadFrom waits for a packet. What is longer than b is cut. It fails with net.ErrClosed after Close.
func (a *Aside) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case d := <-a.packets:
		n := copy(b, d.data)
		select {
		case a.free <- d.data:
		default:
		}
		return n, net.UDPAddrFromAddrPort(d.from), nil
	case <-a.done:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo queues a copy of a packet, as [Socket.WriteTo] does.
func (a *Aside) WriteTo(b []byte, to net.Addr) (int, error) { return a.socket.WriteTo(b, to) }

// LocalAddr returns the socket's address.
func (a *Aside) LocalAddr() net.Addr { return a.socket.LocalAddr() }

// Close ends reads. The socket stays open for media.
func (a *Aside) Close() error {
	a.once.Do(func() { close(a.done) })
	return nil
}

// SetDeadline does nothing.
func (a *Aside) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (a *Aside) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (a *Aside) SetWriteDeadline(time.Time) error { return nil }
