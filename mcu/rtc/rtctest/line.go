package rtctest

import (
	"net"
	"sync/atomic"
)

// line is a client's UDP socket, which can be cut.
type line struct {
	net.PacketConn
	cut atomic.Bool
}

// openLine opens a socket on the loopback address.
func openLine() (*line, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(4 << 20)
	return &line{PacketConn: conn}, nil
}

// ReadFrom returns the next packet that comes while the line is not cut.
func (l *line) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := l.PacketConn.ReadFrom(b)
		if err != nil || !l.cut.Load() {
			return n, from, err
		}
	}
}

// WriteTo sends b, or loses it when the line is cut.
func (l *line) WriteTo(b []byte, to net.Addr) (int, error) {
	if l.cut.Load() {
		return len(b), nil
	}
	return l.PacketConn.WriteTo(b, to)
}
