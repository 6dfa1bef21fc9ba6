package udp

import (
	"context"
	"fmt"
	"net"

	"tilemix/mcu/stream"
)

// BufferSize is the kernel's buffer of each socket, in bytes, as far as it grants it.
const BufferSize = 4 << 20

// Listen opens the UDP socket of one address. There is one for each address of a machine, because
// answers have to leave from the address that was asked. Nothing is sent before Run. The caller
// closes the socket. Of a local socket, other machines know nothing. The error wraps EADDRNOTAVAIL for an address that is not ready yet.
func Listen(at *net.UDPAddr, local bool) (*Socket, error) {
	var config net.ListenConfig
	if local {
		config.Control = stream.OnlyLocal
	}
	socket, err := config.ListenPacket(context.Background(), "udp", at.String())
	if err != nil {
		return nil, fmt.Errorf("open UDP socket: %w", err)
	}
	conn := socket.(*net.UDPConn)
	_ = conn.SetReadBuffer(BufferSize)
	_ = conn.SetWriteBuffer(BufferSize)
	return NewSocket(conn), nil
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
