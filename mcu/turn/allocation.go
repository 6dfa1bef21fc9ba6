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

	"tilemix/mcu/demux"
)

const (
	// relayRate bounds what a client sends, in bytes a second. It is four times the most that
	// the server takes from a camera unthinned.
	relayRate = 3_000_000
	// relayBurst bounds what a client sends at once, in bytes.
	relayBurst = 1_000_000
)

var (
	errQuota  = errors.New("too many allocations")
	errPort   = errors.New("ports cannot be chosen")
	errTCP    = errors.New("allocations are UDP only")
	errClosed = errors.New("closed")
)

// allocator makes allocations for pion.
type allocator struct{ *Relay }

// Validate is turn.RelayAddressGenerator's.
func (a allocator) Validate() error { return nil }

// AllocateListener refuses: there is no TCP to relay (RFC 6062).
func (a allocator) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errTCP
}

// AllocateConn refuses: there is no TCP to relay (RFC 6062).
func (a allocator) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) { return nil, errTCP }

// AllocatePacketConn makes an allocation. Its address is on loopback, where only this machine
// can reach it.
func (a allocator) AllocatePacketConn(cfg turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	if cfg.RequestedPort != 0 {
		return nil, nil, errPort
	}
	if err := a.quota.acquire(cfg.UserID); err != nil {
		return nil, nil, err
	}
	loopback := net.IPv4(127, 0, 0, 1)
	if strings.HasSuffix(cfg.Network, "6") {
		loopback = net.IPv6loopback
	}
	conn, err := net.ListenUDP(cfg.Network, &net.UDPAddr{IP: loopback})
	if err != nil {
		a.quota.release(cfg.UserID)
		return nil, nil, err
	}
	return &allocation{
		UDPConn: conn, relay: a.Relay, user: cfg.UserID,
		rate: rate.NewLimiter(relayRate, relayBurst),
	}, conn.LocalAddr(), nil
}

// allocation is the socket by which a client reaches this server's media sockets.
type allocation struct {
	*net.UDPConn
	relay *Relay
	user  string
	rate  *rate.Limiter
	end   sync.Once
}

// WriteTo sends to a media socket. It drops a packet to another address, and one over the rate.
func (a *allocation) WriteTo(b []byte, to net.Addr) (int, error) {
	switch {
	case !a.ours(to), demux.ForTURN(b): // a relay of a relay
		a.relay.badPeers.Add(1)
	case !a.rate.AllowN(time.Now(), len(b)):
		a.relay.dropped.Add(1)
	default:
		return a.UDPConn.WriteTo(b, to)
	}
	return len(b), nil
}

// ReadFrom returns the next packet of a media socket.
func (a *allocation) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := a.UDPConn.ReadFrom(b)
		if err != nil || a.ours(from) {
			return n, from, err
		}
	}
}

func (a *allocation) ours(at net.Addr) bool {
	udp, ok := at.(*net.UDPAddr)
	if !ok {
		return false
	}
	peer := udp.AddrPort()
	return a.relay.peers[netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())]
}

// Close frees the allocation's place.
func (a *allocation) Close() error {
	a.end.Do(func() { a.relay.quota.release(a.user) })
	return a.UDPConn.Close()
}
