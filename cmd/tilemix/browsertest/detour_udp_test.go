package browsertest

import (
	"net"
	"net/netip"
	"testing"
)

// udp returns an address whose packets go to another, and back to who sent some.
func (d *detour) udp(t *testing.T, to string) string {
	t.Helper()
	near, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	d.own(near)
	go d.relay(near, to)
	return near.LocalAddr().String()
}

// relay has each client's packets leave from a socket of its own, as a NAT does.
func (d *detour) relay(near *net.UDPConn, to string) {
	type flow struct {
		far  net.Conn
		born int64
	}
	flows := map[netip.AddrPort]flow{}
	buffer := make([]byte, 64<<10)
	for {
		n, client, err := near.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		f, known := flows[client]
		if !known {
			far, err := net.Dial("udp", to)
			if err != nil {
				return
			}
			d.own(far)
			f = flow{far, d.cuts.Load()}
			flows[client] = f
			go d.copy(answers{near, client}, far, f.born)
		}
		if d.cuts.Load() == f.born {
			_, _ = f.far.Write(buffer[:n])
		}
	}
}

// answers writes packets to a client.
type answers struct {
	socket *net.UDPConn
	client netip.AddrPort
}

func (a answers) Write(packet []byte) (int, error) {
	return a.socket.WriteToUDPAddrPort(packet, a.client)
}
