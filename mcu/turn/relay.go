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
	// relayRate bounds what a client sends, in bytes a second. It is four times the most that
	// the server takes from a camera unthinned.
	relayRate = 3_000_000
	// relayBurst bounds what a client sends at once, in bytes.
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

// relays makes relays for pion.
type relays struct{ *Server }

// Validate is turn.RelayAddressGenerator's.
func (r relays) Validate() error { return nil }

// AllocateListener refuses: there is no TCP to relay (RFC 6062).
func (r relays) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errTCP
}

// AllocateConn refuses: there is no TCP to relay (RFC 6062).
func (r relays) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) { return nil, errTCP }

// AllocatePacketConn makes a relay. Its address is on loopback, where only this machine can
// reach it.
func (r relays) AllocatePacketConn(cfg turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	if cfg.RequestedPort != 0 {
		return nil, nil, errPort
	}
	if err := r.quota.acquire(cfg.UserID); err != nil {
		return nil, nil, err
	}
	loopback := net.IPv4(127, 0, 0, 1)
	if strings.HasSuffix(cfg.Network, "6") {
		loopback = net.IPv6loopback
	}
	conn, err := net.ListenUDP(cfg.Network, &net.UDPAddr{IP: loopback})
	if err != nil {
		r.quota.release(cfg.UserID)
		return nil, nil, err
	}
	return &relay{
		UDPConn: conn, s: r.Server, user: cfg.UserID,
		rate: rate.NewLimiter(relayRate, relayBurst),
	}, conn.LocalAddr(), nil
}

// relay is the socket by which a client reaches this server's media sockets.
type relay struct {
	*net.UDPConn
	s    *Server
	user string
	rate *rate.Limiter
	end  sync.Once
}

// WriteTo sends to a media socket. It drops a packet to another address, and one over the rate.
func (r *relay) WriteTo(b []byte, to net.Addr) (int, error) {
	switch {
	case !r.ours(to):
		r.s.badPeers.Add(1)
	case !r.rate.AllowN(time.Now(), len(b)):
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
	r.end.Do(func() { r.s.quota.release(r.user) })
	return r.UDPConn.Close()
}
