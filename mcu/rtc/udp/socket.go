package udp

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"tilemix/mcu/demux"
)

const (
	// backlog is how many packets wait for the sender: a picture for 200 viewers.
	backlog = 4096
	// maxDatagram is the longest packet that is read, in bytes.
	maxDatagram = 65535
	// firstMedia is the least first byte of SRTP (RFC 7983 §7), most of what is read.
	firstMedia = 128
)

// Socket is a UDP socket whose writes are gathered. A write copies its packet into a
// ring and returns. Run sends all gathered packets in one system call, in which packets
// of equal length for one address are one message. The busier the server is, the more
// packets each call carries.
//
// When the ring is full, the packet is dropped and counted, as a full socket buffer
// would do. Writes are safe for concurrent use and take no lock. Reads are for one
// goroutine.
type Socket struct {
	*net.UDPConn
	ring   [backlog]outgoing
	head   atomic.Uint64 // next place to be taken
	tail   atomic.Uint64 // next place to be sent
	asleep atomic.Bool
	wake   chan struct{}

	dropped, sent, refused atomic.Uint64 // packets, see Stats
	calls                  atomic.Uint64

	batch *batch
	aside *Aside // nil: none

	in      []byte // the rest of the last read
	segment int
	from    netip.AddrPort
	inbuf   []byte
	inoob   []byte
}

// Stats counts the packets that were written to a socket.
type Stats struct {
	Sent    uint64 // the kernel took them
	Dropped uint64 // they found the ring full
	Refused uint64 // the kernel did not take them
}

// Stats returns the counters. It is safe for concurrent use.
func (s *Socket) Stats() Stats {
	return Stats{Sent: s.sent.Load(), Dropped: s.dropped.Load(), Refused: s.refused.Load()}
}

// outgoing is a place of the ring. full is the number of the packet in it, plus one.
type outgoing struct {
	full atomic.Uint64
	to   netip.AddrPort
	data []byte
}

// NewSocket gathers the writes to conn, which belongs to the socket from then on. Nothing
// is sent before Run.
func NewSocket(conn *net.UDPConn) *Socket {
	s := &Socket{
		UDPConn: conn,
		wake:    make(chan struct{}, 1),
		batch:   newBatch(conn),
		inbuf:   make([]byte, maxDatagram),
		inoob:   make([]byte, 64),
	}
	// UDP_GRO (Linux 5.0) joins arriving packets, so that one read brings many. An older
	// kernel refuses it, and each read brings one.
	if raw, err := conn.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1)
		})
	}
	return s
}

// WriteToAddrPort queues a copy of a packet. It never blocks and never fails.
func (s *Socket) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	var at uint64
	for {
		tail := s.tail.Load() // before the head, which it must not pass
		at = s.head.Load()
		if at-tail >= backlog {
			if s.tail.Load() != tail {
				continue // the tail has moved meanwhile
			}
			s.dropped.Add(1)
			return len(b), nil
		}
		if s.head.CompareAndSwap(at, at+1) {
			break
		}
	}
	place := &s.ring[at%backlog]
	place.to = to
	place.data = append(place.data[:0], b...)
	place.full.Store(at + 1)
	if s.asleep.Swap(false) {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	return len(b), nil
}

// WriteTo queues a copy of a packet. It fails for an address that is not UDP.
func (s *Socket) WriteTo(b []byte, to net.Addr) (int, error) {
	udp, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, fmt.Errorf("send to %v: not UDP", to)
	}
	return s.WriteToAddrPort(b, udp.AddrPort())
}

// Run sends what is written until ctx ends, and what the ring still holds then.
func (s *Socket) Run(ctx context.Context) {
	for {
		for s.flush() {
		}
		if ctx.Err() != nil {
			return
		}
		s.asleep.Store(true)
		if s.ready(s.tail.Load()) {
			s.asleep.Store(false)
			continue
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
		}
	}
}

// ready returns whether a place is filled.
func (s *Socket) ready(at uint64) bool { return s.ring[at%backlog].full.Load() == at+1 }

// flush sends as much as one system call carries. It returns false when the ring is empty.
func (s *Socket) flush() bool {
	at := s.tail.Load()
	end := at
	for s.ready(end) {
		place := &s.ring[end%backlog]
		if !s.batch.add(place.data, place.to) {
			break
		}
		end++
	}
	if end == at {
		return false
	}
	calls, refused := s.batch.send()
	s.calls.Add(calls)
	s.refused.Add(refused)
	s.sent.Add(end - at - refused)
	s.tail.Store(end)
	return true
}

// ReadFromAddrPort reads one packet that is not for TURN, if TURN shares the socket.
func (s *Socket) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		if len(s.in) == 0 {
			n, oobn, _, from, err := s.ReadMsgUDPAddrPort(s.inbuf, s.inoob)
			if err != nil {
				return 0, from, err
			}
			s.in, s.from, s.segment = s.inbuf[:n], from, segmentSize(s.inoob[:oobn], n)
		}
		packet := s.in[:min(s.segment, len(s.in))]
		s.in = s.in[len(packet):]
		if s.aside != nil && len(packet) > 0 && packet[0] < firstMedia && demux.ForTURN(packet) {
			s.aside.put(packet, s.from)
			continue
		}
		return copy(b, packet), s.from, nil
	}
}

// segmentSize reads the control message of UDP_GRO. Without one the datagram is one packet
// of n bytes.
func segmentSize(oob []byte, n int) int {
	if len(oob) >= 20 && binary.NativeEndian.Uint32(oob[8:]) == unix.IPPROTO_UDP &&
		binary.NativeEndian.Uint32(oob[12:]) == unix.UDP_GRO {
		return max(1, int(binary.NativeEndian.Uint32(oob[16:])))
	}
	return max(n, 1)
}

// ReadFrom reads one packet.
func (s *Socket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := s.ReadFromAddrPort(b)
	return n, net.UDPAddrFromAddrPort(from), err
}
