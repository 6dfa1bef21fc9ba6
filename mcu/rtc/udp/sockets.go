package udp

import (
	"fmt"
	"net"
)

// BufferSize is the kernel's buffer of each socket, in bytes, as far as it grants it.
const BufferSize = 4 << 20

// Listen opens a UDP socket on each address, all on one port. There is one socket for
// each address, because answers have to leave from the address that was asked. Nothing
// is sent before Run. The caller closes the sockets.
func Listen(ips []net.IP, port int) (sockets []*Socket, err error) {
	for _, ip := range ips {
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: ip, Port: port})
		if err != nil {
			closeAll(sockets)
			return nil, fmt.Errorf("open UDP socket: %w", err)
		}
		_ = conn.SetReadBuffer(BufferSize)
		_ = conn.SetWriteBuffer(BufferSize)
		sockets = append(sockets, NewSocket(conn))
	}
	return sockets, nil
}

func closeAll(sockets []*Socket) {
	for _, s := range sockets {
		_ = s.Close()
	}
}

// Addresses returns those addresses of the machine, loopback included, that ICE can
// use.
func Addresses() ([]net.IP, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list the machine's addresses: %w", err)
	}
	var ips []net.IP
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && Usable(n.IP) {
			ips = append(ips, n.IP)
		}
	}
	return ips, nil
}

// Usable returns whether ICE can use an address. A link-local address needs a zone,
// which candidates do not carry.
func Usable(ip net.IP) bool { return !ip.IsLinkLocalUnicast() }
