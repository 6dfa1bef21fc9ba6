package rtc

import (
	"errors"
	"net"
	"net/netip"
	"slices"

	"github.com/pion/ice/v4"

	"tilemix/mcu/rtc/udp"
	"tilemix/mcu/stream"
)

// tcpBacklog is how many packets of a TCP client wait to be read.
const tcpBacklog = 16

// uses reports whether media may use an address of the machine.
func (c Config) uses(ip net.IP) bool {
	return udp.Usable(ip) && (len(c.Listen) == 0 || slices.Contains(c.Listen, address(ip)))
}

// listed returns a list of those addresses of another list that media may use.
func (c Config) listed(list func() ([]net.IP, error)) func() ([]net.IP, error) {
	return func() ([]net.IP, error) {
		all, err := list()
		if err != nil {
			return nil, err
		}
		var used []net.IP
		for _, ip := range all {
			if c.uses(ip) {
				used = append(used, ip)
			}
		}
		return used, nil
	}
}

// listenTCP opens TCP, or takes what is open.
func (c Config) listenTCP() (stream.Listeners, error) {
	limits := stream.Default()
	limits.Local = c.Local
	if c.TCP != nil {
		return stream.Listeners{stream.On(c.TCP, limits)}, nil
	}
	return stream.ListenAll(c.Listen, c.Port, limits)
}

// tcpMuxes are an ice.TCPMux for each listener, because pion's has one listener. They are safe for
// concurrent use.
type tcpMuxes struct {
	at  []netip.Addr // of each, unless there is one for all addresses
	all []ice.TCPMux
}

// muxedTCP lets all connections share the listeners, whose buffers count what they drop.
// The buffers of pion's own mux do not.
func muxedTCP(cfg Config, ls stream.Listeners) *tcpMuxes {
	m := &tcpMuxes{at: cfg.Listen}
	for _, l := range ls {
		m.all = append(m.all, ice.NewTCPMuxDefault(ice.TCPMuxParams{
			Listener: l, Logger: cfg.Log.NewLogger("ice"), ReadBufferSize: tcpBacklog,
			AliveDurationForConnFromStun: iceDisconnected,
		}))
	}
	return m
}

// GetConnByUfrag is ice.TCPMux's.
func (m *tcpMuxes) GetConnByUfrag(ufrag string, isIPv6 bool, local net.IP) (net.PacketConn, error) {
	if len(m.all) == 1 {
		return m.all[0].GetConnByUfrag(ufrag, isIPv6, local)
	}
	if i := slices.Index(m.at, address(local)); i >= 0 {
		return m.all[i].GetConnByUfrag(ufrag, isIPv6, local)
	}
	return nil, errNoAddress
}

// RemoveConnByUfrag is ice.TCPMux's.
func (m *tcpMuxes) RemoveConnByUfrag(ufrag string) {
	for _, mux := range m.all {
		mux.RemoveConnByUfrag(ufrag)
	}
}

// Close is ice.TCPMux's.
func (m *tcpMuxes) Close() (err error) {
	for _, mux := range m.all {
		err = errors.Join(err, mux.Close())
	}
	return err
}
