// Package turn is a TURN server (RFC 8656) with one purpose: it relays clients to this server's
// own media sockets when a firewall lets them reach only its port. It relays to no other
// address.
//
//	client ── UDP or TCP, one port ──▶ Relay ── allocation, on loopback ──▶ the media sockets
//
// Its goroutines are pion's: one for each socket, one for each client by TCP, and one for each
// allocation. They end with Run, or shortly after.
//
// # Why
//
// Each allocation relays from a socket on the loopback address. The kernel takes such packets
// to no other machine and still delivers them to the media sockets, so no range of ports has
// to be open. Each packet's peer is also compared with the addresses of the media sockets.
//
// An expired credential gets no new allocation but keeps its allocation for a day, so that long
// calls go on. One credential has at most 24 allocations and one address 256, because a client
// may have as many credentials as it requests.
package turn

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"

	"tilemix/mcu/stream"
)

// realm is that of the credentials (RFC 8489 §9.2).
const realm = "tilemix"

// Config has the settings of a TURN server.
type Config struct {
	// Port of UDP and TCP; 0: the system chooses a free one.
	Port int
	// Listen are the addresses that TCP listens on; none are all of the machine.
	Listen []netip.Addr
	// Local says that only programs of this machine can reach the server.
	Local bool
	// Peers are the addresses of this server's media sockets, to which alone it relays. It
	// serves UDP on each of their IPs.
	Peers []netip.AddrPort
	// TCP takes connections that begin as TURN's do, and UDP are the TURN server's parts of the
	// media's sockets, where a port is shared. With a TCP, Port, Listen and Local do not count. The
	// Relay closes them.
	TCP net.Listener
	UDP []net.PacketConn
	// Log takes pion's warnings; nil drops them.
	Log logging.LoggerFactory
}

// Relay is a TURN server. It is safe for concurrent use.
type Relay struct {
	port   int
	udp    []net.PacketConn
	tcp    stream.Listeners
	log    logging.LoggerFactory
	issuer *issuer
	quota  *quota
	peers  map[netip.AddrPort]bool
	hosts  map[netip.Addr]bool // of peers

	badPeers, dropped atomic.Uint64
}

// Stats counts allocations, and what the server refused or dropped.
type Stats struct {
	Allocations    int    // now
	BadPeers       uint64 // permissions requested for other addresses, and packets sent to them
	BadCredentials uint64 // requests with wrong or expired credentials
	OverQuota      uint64 // allocations refused because there were too many
	Dropped        uint64 // packets of clients that sent too fast, and for clients that did not read
	RefusedConns   uint64 // TCP connections refused because there were too many
}

// New opens the ports. The caller must call Run, which closes them.
func New(cfg Config) (*Relay, error) {
	r := &Relay{
		issuer: &issuer{secret: rand.Text()}, quota: newQuota(), log: cfg.Log,
		peers: make(map[netip.AddrPort]bool), hosts: make(map[netip.Addr]bool),
	}
	if r.log == nil { // pion's own default is standard error
		r.log = &logging.DefaultLoggerFactory{Writer: io.Discard}
	}
	for _, peer := range cfg.Peers {
		r.peers[peer] = true
		r.hosts[peer.Addr()] = true
	}
	if cfg.TCP != nil {
		r.tcp, r.udp = stream.Listeners{stream.On(cfg.TCP, stream.Default())}, cfg.UDP
		r.port = r.tcp.Port()
		return r, nil
	}
	const tries = 10 // a port free on one address may be taken on another
	for try := 0; ; try++ {
		err := r.listen(cfg)
		if err == nil {
			return r, nil
		}
		if cfg.Port != 0 || try == tries {
			return nil, fmt.Errorf("TURN: %w", err)
		}
	}
}

// listen opens TCP. It opens UDP on each address of the media, so that an answer leaves from the
// address that got the request.
func (r *Relay) listen(cfg Config) error {
	limits, config := stream.Default(), net.ListenConfig{}
	if limits.Local = cfg.Local; cfg.Local {
		config.Control = stream.OnlyLocal
	}
	tcp, err := stream.ListenAll(cfg.Listen, cfg.Port, limits)
	if err != nil {
		return err
	}
	r.tcp, r.port = tcp, tcp.Port()
	for ip := range r.hosts {
		conn, err := config.ListenPacket(context.Background(), "udp", netip.AddrPortFrom(ip, uint16(r.port)).String())
		if err != nil {
			r.close()
			return fmt.Errorf("open UDP socket: %w", err)
		}
		r.udp = append(r.udp, conn)
	}
	return nil
}

func (r *Relay) close() {
	_ = r.tcp.Close()
	for _, conn := range r.udp {
		_ = conn.Close()
	}
	r.udp = nil
}

// Port returns the port on which the server listens.
func (r *Relay) Port() int { return r.port }

// Credentials returns a username and its password. A client can get allocations with them for
// an hour, and keep these allocations for a day more.
func (r *Relay) Credentials(now time.Time) (username, password string) {
	return Credentials(r.issuer.secret, now)
}

// Stats returns the counters.
func (r *Relay) Stats() Stats {
	tcp := r.tcp.Stats()
	for _, conn := range r.udp {
		if shared, ok := conn.(interface{ Dropped() uint64 }); ok {
			tcp.Dropped += shared.Dropped()
		}
	}
	return Stats{
		Allocations: r.quota.allocations(), BadPeers: r.badPeers.Load(), BadCredentials: r.issuer.refused.Load(),
		OverQuota: r.quota.refused.Load(), Dropped: r.dropped.Load() + tcp.Dropped, RefusedConns: tcp.Refused,
	}
}

// permits is turn.PermissionHandler: only this server is a peer.
func (r *Relay) permits(_ net.Addr, peer net.IP) bool {
	ip, _ := netip.AddrFromSlice(peer)
	if r.hosts[ip.Unmap()] {
		return true
	}
	r.badPeers.Add(1)
	return false
}

// Run serves until ctx ends and all allocations are closed.
func (r *Relay) Run(ctx context.Context) error {
	config := turn.ServerConfig{
		Realm: realm, AuthHandler: r.issuer.authenticate, LoggerFactory: r.log,
		QuotaHandler: r.quota.hasPlace,
		EventHandler: turn.EventHandler{
			OnAuth: r.issuer.authenticated, OnAllocationCreated: r.quota.created, OnAllocationDeleted: r.quota.deleted,
		},
	}
	for _, l := range r.tcp {
		config.ListenerConfigs = append(config.ListenerConfigs, turn.ListenerConfig{
			Listener: l, RelayAddressGenerator: allocator{r}, PermissionHandler: r.permits,
		})
	}
	for _, conn := range r.udp {
		config.PacketConnConfigs = append(config.PacketConnConfigs, turn.PacketConnConfig{
			PacketConn: conn, RelayAddressGenerator: allocator{r}, PermissionHandler: r.permits,
		})
	}
	server, err := turn.NewServer(config)
	if err != nil {
		r.close()
		return fmt.Errorf("run TURN: %w", err)
	}
	<-ctx.Done()
	r.quota.close()
	err = server.Close()
	r.quota.wg.Wait()
	return err
}
