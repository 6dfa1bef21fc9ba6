package rtc

import (
	"net"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"

	"tilemix/mcu/rtc/udp"
	"tilemix/mcu/stream"
)

// tcpBacklog is how many packets of a TCP client wait to be read.
const tcpBacklog = 16

// listen opens a UDP socket on each address of the machine, loopback included, and TCP
// on all of them, all on one port. Port 0 is a free one.
func listen(port int) ([]*udp.Socket, *stream.Listener, error) {
	ips, err := udp.Addresses()
	if err != nil {
		return nil, nil, err
	}
	const tries = 10 // a port that is free on one address may be taken on another
	for try := 0; ; try++ {
		sockets, tcp, err := listenBoth(ips, port)
		if err == nil || port != 0 || try == tries {
			return sockets, tcp, err
		}
	}
}

func listenBoth(ips []net.IP, port int) ([]*udp.Socket, *stream.Listener, error) {
	tcp, err := stream.Listen(port, stream.Default())
	if err != nil {
		return nil, nil, err
	}
	sockets, err := udp.Listen(ips, tcp.Port())
	if err != nil {
		_ = tcp.Close()
		return nil, nil, err
	}
	return sockets, tcp, nil
}

// muxed lets all connections share the sockets.
func muxed(sockets []*udp.Socket, log logging.LoggerFactory) ice.UDPMux {
	muxes := make([]ice.UDPMux, len(sockets))
	for i, s := range sockets {
		muxes[i] = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: s, Logger: log.NewLogger("ice")})
	}
	return ice.NewMultiUDPMuxDefault(muxes...)
}

// muxedTCP lets all connections share the listener, whose buffers count what they drop.
// The buffers of pion's own mux do not.
func muxedTCP(l *stream.Listener, log logging.LoggerFactory) ice.TCPMux {
	return ice.NewTCPMuxDefault(ice.TCPMuxParams{
		Listener: l, Logger: log.NewLogger("ice"), ReadBufferSize: tcpBacklog,
		AliveDurationForConnFromStun: iceDisconnected,
	})
}
