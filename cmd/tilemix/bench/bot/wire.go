package bot

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

const (
	bufferSize  = 16 << 20 // bytes that the crowd requests of the kernel
	maxDatagram = 65535
	maxSegments = 64 // of one write (UDP_SEGMENT)
	maxBatch    = 65000
)

// wire is the socket that all bots share. Each bot has a source address. Every write
// names it, and every read returns it (IP_PKTINFO, ip(7)).
type wire struct {
	conn *net.UDPConn
	port uint16
	in   []byte
	oob  []byte
}

func openWire() (*wire, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{})
	if err != nil {
		return nil, fmt.Errorf("open the bots' socket: %w", err)
	}
	w := &wire{conn: conn, in: make([]byte, maxDatagram), oob: make([]byte, 128)}
	if local, ok := conn.LocalAddr().(*net.UDPAddr); ok {
		w.port = uint16(local.Port)
	}
	if err := w.configure(); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("configure the bots' socket: %w", err)
	}
	return w, nil
}

func (w *wire) configure() error {
	raw, err := w.conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		// Nothing from outside may arrive. Some kernels refuse that to some users.
		_ = unix.BindToDevice(int(fd), "lo")
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1)
		for _, size := range []int{unix.SO_RCVBUFFORCE, unix.SO_SNDBUFFORCE} {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, size, bufferSize)
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// read returns packets for one bot. Each has size bytes, and the last may be shorter.
// They are valid until the next read.
func (w *wire) read() (packets []byte, size int, to netip.Addr, err error) {
	n, oobn, _, _, err := w.conn.ReadMsgUDPAddrPort(w.in, w.oob)
	if err != nil {
		return nil, 0, to, err
	}
	size = max(n, 1)
	for oob := w.oob[:oobn]; len(oob) >= unix.SizeofCmsghdr; {
		length := int(binary.NativeEndian.Uint64(oob))
		level, kind := binary.NativeEndian.Uint32(oob[8:]), binary.NativeEndian.Uint32(oob[12:])
		if length < unix.SizeofCmsghdr || length > len(oob) {
			break
		}
		data := oob[unix.SizeofCmsghdr:length]
		switch {
		case level == unix.IPPROTO_IP && kind == unix.IP_PKTINFO && len(data) >= 12:
			to = netip.AddrFrom4([4]byte(data[8:12])) // ipi_addr, the destination
		case level == unix.IPPROTO_UDP && kind == unix.UDP_GRO && len(data) >= 4:
			size = max(1, int(binary.NativeEndian.Uint32(data)))
		}
		oob = oob[min(len(oob), unix.CmsgSpace(length-unix.SizeofCmsghdr)):]
	}
	return w.in[:n], size, to, nil
}

// origin returns the control message that names a source address. Behind it stands the
// control message that requests segments.
func origin(from netip.Addr) []byte {
	oob := make([]byte, unix.CmsgSpace(unix.SizeofInet4Pktinfo)+unix.CmsgSpace(2))
	binary.NativeEndian.PutUint64(oob, uint64(unix.CmsgLen(unix.SizeofInet4Pktinfo)))
	binary.NativeEndian.PutUint32(oob[8:], unix.IPPROTO_IP)
	binary.NativeEndian.PutUint32(oob[12:], unix.IP_PKTINFO)
	ip := from.As4()
	copy(oob[unix.SizeofCmsghdr+4:], ip[:]) // ipi_spec_dst
	segments := oob[unix.CmsgSpace(unix.SizeofInet4Pktinfo):]
	binary.NativeEndian.PutUint64(segments, uint64(unix.CmsgLen(2)))
	binary.NativeEndian.PutUint32(segments[8:], unix.IPPROTO_UDP)
	binary.NativeEndian.PutUint32(segments[12:], unix.UDP_SEGMENT)
	return oob
}

// batch gathers packets of one bot for one system call. One goroutine owns it.
type batch struct {
	data  []byte
	size  int // of each packet but the last
	count int
	short bool // the last packet is shorter, so no packet may follow
}

// fits tells whether a packet of n bytes may follow.
func (b *batch) fits(n int) bool {
	return b.count == 0 || !b.short && n <= b.size && b.count < maxSegments && len(b.data)+n <= maxBatch
}

// add counts a packet of n bytes, which the caller has appended to data.
func (b *batch) add(n int) {
	if b.count == 0 {
		b.size = n
	}
	b.count++
	b.short = n < b.size
}

// send sends a batch and empties it. The argument oob, made by origin, names the source
// address; send writes the size of segments to it.
func (w *wire) send(b *batch, oob []byte, to netip.AddrPort) error {
	if b.count == 0 {
		return nil
	}
	plain := unix.CmsgSpace(unix.SizeofInet4Pktinfo)
	if b.count == 1 {
		oob = oob[:plain]
	} else {
		binary.NativeEndian.PutUint16(oob[plain+unix.SizeofCmsghdr:], uint16(b.size))
	}
	_, _, err := w.conn.WriteMsgUDPAddrPort(b.data, oob, to)
	b.data, b.count, b.short = b.data[:0], 0, false
	return err
}

// write sends one packet. It is safe for concurrent use.
func (w *wire) write(p, oob []byte, to netip.AddrPort) error {
	_, _, err := w.conn.WriteMsgUDPAddrPort(p, oob[:unix.CmsgSpace(unix.SizeofInet4Pktinfo)], to)
	return err
}

// path is a bot's network path to the server. It is safe for concurrent use once server
// is set.
type path struct {
	wire   *wire
	from   netip.Addr
	oob    []byte // names from; read only
	server netip.AddrPort
}

// write sends one packet to the server.
func (p *path) write(data []byte) error { return p.wire.write(data, p.oob, p.server) }
