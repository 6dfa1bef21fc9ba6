package udp

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

const (
	// maxSegments and maxBytes bound one run: the kernel takes 64 segments, and
	// UDP over IPv4 65507 bytes.
	maxSegments = 64
	maxBytes    = 65000
	// maxRuns is how many runs one system call sends. More would save little, and the
	// ring has no room while they are being sent.
	maxRuns = 32
	// singly is how long packets for an address are sent one by one after the kernel
	// refused to segment for it. By then the route may be another.
	singly = 10 * time.Second
	// maxSingle bounds the addresses for which that is known.
	maxSingle = 1024
)

// batch is the packets that one system call sends (sendmmsg(2)): runs, each for one
// address. It refers to the packets and copies nothing. One goroutine owns it.
type batch struct {
	conn     *net.UDPConn
	out      *ipv4.PacketConn // it sends from IPv6 sockets as well
	runs     [maxRuns]run
	messages [maxRuns]ipv4.Message
	n        int // runs
	single   map[netip.AddrPort]time.Time
}

// run is packets for one address, all but the last equally long, which the kernel
// cuts from one message (UDP_SEGMENT, Linux 4.18).
type run struct {
	to      netip.AddrPort
	size    int // bytes of each packet but the last
	bytes   int
	packets [][]byte
	addr    net.UDPAddr // to
	ip      [16]byte    // addr's
	oob     [24]byte    // names size
}

func newBatch(conn *net.UDPConn) *batch {
	b := &batch{conn: conn, out: ipv4.NewPacketConn(conn), single: map[netip.AddrPort]time.Time{}}
	for i := range b.runs {
		b.runs[i].packets = make([][]byte, 0, maxSegments)
	}
	return b
}

// add adds a packet to the batch. It returns false when there is no room.
func (b *batch) add(data []byte, to netip.AddrPort) bool {
	if b.n > 0 && b.runs[b.n-1].add(data, to) {
		return true
	}
	if b.n == maxRuns {
		return false
	}
	r := &b.runs[b.n]
	b.n++
	r.to, r.size, r.bytes = to, len(data), len(data)
	r.packets = append(r.packets[:0], data)
	if len(b.single) > 0 && b.goesSingly(to) {
		r.bytes = maxBytes // full
	}
	return true
}

// add appends a packet if one message can carry it too.
func (r *run) add(data []byte, to netip.AddrPort) bool {
	short := len(r.packets[len(r.packets)-1]) < r.size // only the last may be
	if short || to != r.to || len(data) > r.size || len(r.packets) == maxSegments || r.bytes+len(data) > maxBytes {
		return false
	}
	r.packets = append(r.packets, data)
	r.bytes += len(data)
	return true
}

// goesSingly returns whether the kernel lately refused to segment for an address.
func (b *batch) goesSingly(to netip.AddrPort) bool {
	since, ok := b.single[to]
	if ok && time.Since(since) > singly {
		delete(b.single, to)
		ok = false
	}
	return ok
}

// send sends and empties the batch. It returns the number of system calls, and of the
// packets that the kernel refused.
func (b *batch) send() (calls, refused uint64) {
	for i := range b.n {
		r, m := &b.runs[i], &b.messages[i]
		r.ip = r.to.Addr().As16()
		r.addr.IP, r.addr.Port, r.addr.Zone = r.ip[:], int(r.to.Port()), r.to.Addr().Zone()
		m.Buffers, m.Addr, m.OOB = r.packets, &r.addr, nil
		if len(r.packets) > 1 {
			m.OOB = segmentation(r.oob[:], r.size)
		}
	}
	for i := 0; i < b.n; {
		calls++
		n, err := b.out.WriteBatch(b.messages[i:b.n], 0)
		if err != nil { // the error is the first message's
			refused += b.refused(&b.runs[i], err)
			n = 1
		}
		i += n
	}
	b.n = 0
	return calls, refused
}

// refused handles a run that the kernel did not take. If the kernel cannot segment for
// that route (no checksums in hardware, a small MTU), the packets are sent one by one,
// and so are later ones.
func (b *batch) refused(r *run, err error) (packets uint64) {
	if len(r.packets) == 1 || !errors.Is(err, syscall.EIO) && !errors.Is(err, syscall.EINVAL) {
		return uint64(len(r.packets))
	}
	if len(b.single) >= maxSingle {
		clear(b.single)
	}
	b.single[r.to] = time.Now()
	for _, p := range r.packets {
		if _, err := b.conn.WriteToUDPAddrPort(p, r.to); err != nil {
			packets++
		}
	}
	return packets
}

// segmentation writes the control message of UDP_SEGMENT (udp(7)).
func segmentation(oob []byte, size int) []byte {
	oob = oob[:unix.CmsgSpace(2)]
	clear(oob)
	binary.NativeEndian.PutUint64(oob, uint64(unix.CmsgLen(2)))
	binary.NativeEndian.PutUint32(oob[8:], unix.IPPROTO_UDP)
	binary.NativeEndian.PutUint32(oob[12:], unix.UDP_SEGMENT)
	binary.NativeEndian.PutUint16(oob[16:], uint16(size))
	return oob
}
