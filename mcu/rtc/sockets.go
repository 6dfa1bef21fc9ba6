package rtc

import (
	"fmt"
	"net"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
)

// bufferSize is the kernel's buffer of each socket, in bytes, as far as it
// grants it.
const bufferSize = 4 << 20

// listen opens a socket on each address of the machine, loopback included, all
// on one port; port 0 is a free one. One a address, not one for all, so that
// answers leave from the address that was asked.
func listen(port int) ([]*socket, error) {
	ips, err := addresses()
	if err != nil {
		return nil, err
	}
	const tries = 10 // a port free on one address may be taken on another
	for try := 0; ; try++ {
		sockets, err := listenAll(ips, port)
		if err == nil || port != 0 || try == tries {
			return sockets, err
		}
	}
}

func listenAll(ips []net.IP, port int) (sockets []*socket, err error) {
	for _, ip := range ips {
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: ip, Port: port})
		if err != nil {
			closeAll(sockets)
			return nil, fmt.Errorf("open UDP socket: %w", err)
		}
		if local, ok := conn.LocalAddr().(*net.UDPAddr); ok {
			port = local.Port
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
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLinkLocalUnicast() {
			ips = append(ips, n.IP)
		}
	}
	return ips, nil
}

// muxed lets all connections share the sockets.
func muxed(sockets []*socket, log logging.LoggerFactory) ice.UDPMux {
	muxes := make([]ice.UDPMux, len(sockets))
	for i, s := range sockets {
		muxes[i] = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: s, Logger: log.NewLogger("ice")})
	}
	return ice.NewMultiUDPMuxDefault(muxes...)
}
