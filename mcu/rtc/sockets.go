package rtc

import (
	"fmt"
	"net"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"

	"tilemix/mcu/stream"
)

// bufferSize is the kernel's buffer of each socket, in bytes, as far as it
// grants it.
const bufferSize = 4 << 20

// listen opens a UDP socket on each address of the machine, loopback included, and
// TCP on all of them, all on one port; port 0 is a free one. One socket an address,
// not one for all, so that answers leave from the address that was asked.
func listen(port int) ([]*socket, *stream.Listener, error) {
	ips, err := addresses()
	if err != nil {
		return nil, nil, err
	}
	const tries = 10 // a port free on one address may be taken on another
	for try := 0; ; try++ {
		sockets, tcp, err := listenBoth(ips, port)
		if err == nil || port != 0 || try == tries {
			return sockets, tcp, err
		}
	}
}

func listenBoth(ips []net.IP, port int) ([]*socket, *stream.Listener, error) {
	tcp, err := stream.Listen(port, stream.Default())
	if err != nil {
		return nil, nil, err
	}
	sockets, err := listenAll(ips, tcp.Port())
	if err != nil {
		_ = tcp.Close()
		return nil, nil, err
	}
	return sockets, tcp, nil
}

func listenAll(ips []net.IP, port int) (sockets []*socket, err error) {
	for _, ip := range ips {
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: ip, Port: port})
		if err != nil {
			closeAll(sockets)
			return nil, fmt.Errorf("open UDP socket: %w", err)
		}
		_ = conn.SetReadBuffer(bufferSize)
		_ = conn.SetWriteBuffer(bufferSize)
		sockets = append(sockets, newSocket(conn))
	}
	return sockets, nil
}

func closeAll(sockets []*socket) {
	for _, s := range sockets {
		_ = s.Close()
	}
}

// addresses are those of the machine that ICE can use. Link-local ones need a
// zone, which candidates do not carry.
func addresses() ([]net.IP, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list the machine's addresses: %w", err)
	}
	var ips []net.IP
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && usable(n.IP) {
			ips = append(ips, n.IP)
		}
	}
	return ips, nil
}

// usable tells whether ICE can use an address.
func usable(ip net.IP) bool { return !ip.IsLinkLocalUnicast() }

// muxed lets all connections share the sockets.
func muxed(sockets []*socket, log logging.LoggerFactory) ice.UDPMux {
	muxes := make([]ice.UDPMux, len(sockets))
	for i, s := range sockets {
		muxes[i] = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: s, Logger: log.NewLogger("ice")})
	}
	return ice.NewMultiUDPMuxDefault(muxes...)
}

// muxedTCP lets all connections share the listener. Its buffers are the listener's
// own: those of pion do not count what they drop.
func muxedTCP(l *stream.Listener, log logging.LoggerFactory) ice.TCPMux {
	return ice.NewTCPMuxDefault(ice.TCPMuxParams{
		Listener: l, Logger: log.NewLogger("ice"), ReadBufferSize: tcpBacklog,
		AliveDurationForConnFromStun: iceDisconnected,
	})
}

// tcpBacklog is how many packets of a TCP client wait to be read.
const tcpBacklog = 16
