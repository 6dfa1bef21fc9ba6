package turn

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/pion/turn/v5"
	"golang.org/x/time/rate"
)

const (
	// maxRelays bounds the relays of a server, and userRelays those of one credential:
	// a browser takes one for each way to the server from each of its networks. Anybody
	// gets as many credentials as he asks for, so hostRelays bounds those of one
	// address, behind which an office may be.
	maxRelays  = 2048
	userRelays = 24
	hostRelays = 256
	// relayRate and relayBurst bound what a client sends, in bytes a second and at
	// once: four times the most that a camera may send without being thinned.
	relayRate  = 3_000_000
	relayBurst = 1_000_000
)

var (
	errQuota  = errors.New("too many relays")
	errPort   = errors.New("ports cannot be chosen")
	errTCP    = errors.New("relays are UDP only")
	errClosed = errors.New("closed")
)

// permits is turn.PermissionHandler: only this server is a peer.
func (s *Server) permits(_ net.Addr, peer net.IP) bool {
	ip, _ := netip.AddrFromSlice(peer)
	if s.hosts[ip.Unmap()] {
		return true
	}
	s.badPeers.Add(1)
	return false
}

// relays makes relays.
type relays struct{ *Server }

// Validate is turn.RelayAddressGenerator's.
func (r relays) Validate() error { return nil }

// AllocateListener refuses: there is no TCP to relay (RFC 6062).
func (r relays) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errTCP
}

// AllocateConn refuses: there is no TCP to relay (RFC 6062).
func (r relays) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) { return nil, errTCP }

// AllocatePacketConn makes a relay. Its address is the loopback one that it has:
// whom it is told to can be reached there.
func (r relays) AllocatePacketConn(cfg turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	if cfg.RequestedPort != 0 {
		return nil, nil, errPort
	}
	if err := r.take(cfg.UserID); err != nil {
		return nil, nil, err
	}
	loopback := net.IPv4(127, 0, 0, 1)
	if strings.HasSuffix(cfg.Network, "6") {
		loopback = net.IPv6loopback
	}
	conn, err := net.ListenUDP(cfg.Network, &net.UDPAddr{IP: loopback})
	if err != nil {
		r.giveBack(cfg.UserID)
		return nil, nil, err
	}
	return &relay{
		UDPConn: conn, s: r.Server, user: cfg.UserID,
		pace: rate.NewLimiter(relayRate, relayBurst),
	}, conn.LocalAddr(), nil
}

// take counts a relay in.
func (s *Server) take(user string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return errClosed
	case s.total >= maxRelays || s.relays[user] >= userRelays:
		s.overQuota.Add(1)
		return errQuota
	}
	s.total++
	s.relays[user]++
	s.wg.Add(1)
	return nil
}

// giveBack counts a relay out.
func (s *Server) giveBack(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.relays[user]--; s.relays[user] == 0 {
		delete(s.relays, user)
	}
	s.wg.Done()
}

// relay is the socket by which a client reaches this server's media sockets.
type relay struct {
	*net.UDPConn
	s    *Server
	user string
	pace *rate.Limiter
	end  sync.Once
}

// WriteTo sends to a media socket, and nowhere else.
func (r *relay) WriteTo(b []byte, to net.Addr) (int, error) {
	switch {
	case !r.ours(to):
		r.s.badPeers.Add(1)
	case !r.pace.AllowN(time.Now(), len(b)):
		r.s.dropped.Add(1)
	default:
		return r.UDPConn.WriteTo(b, to)
	}
	return len(b), nil
}

// ReadFrom returns the next packet of a media socket.
func (r *relay) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := r.UDPConn.ReadFrom(b)
		if err != nil || r.ours(from) {
			return n, from, err
		}
	}
}

func (r *relay) ours(a net.Addr) bool {
	udp, ok := a.(*net.UDPAddr)
	if !ok {
		return false
	}
	at := udp.AddrPort()
	return r.s.peers[netip.AddrPortFrom(at.Addr().Unmap(), at.Port())]
}

// Close frees the relay's place.
func (r *relay) Close() error {
	r.end.Do(func() { r.s.giveBack(r.user) })
	return r.UDPConn.Close()
}
