// Package turn is a TURN server (RFC 8656) with one purpose: it relays clients to this server's
// own media sockets when a firewall lets them reach only its port. It relays to no other
// address.
//
//	client ── UDP or TCP, one port ──▶ Server ── relay, on loopback ──▶ the media sockets
//
// Its goroutines are pion's: one for each socket, one for each client by TCP, and one for each
// relay. They end with Run, or shortly after.
//
// # Why
//
// Each allocation relays from a socket on the loopback address. The kernel takes such packets
// to no other machine and still delivers them to the media sockets, so no range of ports has
// to be open. Each packet's peer is also compared with the addresses of the media sockets.
//
// An expired credential gets no new relay but keeps its relay for a day, so that long calls go
// on. One credential has at most 24 relays and one address 256, because a client may have as
// many credentials as it requests.
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
	// Peers are the addresses of this server's media sockets, to which alone it relays. It
	// serves UDP on each of their IPs.
	Peers []netip.AddrPort
	// Log takes pion's warnings; nil drops them.
	Log logging.LoggerFactory
}

// Server is a TURN server. It is safe for concurrent use.
type Server struct {
	port   int
	udp    []net.PacketConn
	tcp    *stream.Listener
	log    logging.LoggerFactory
	issuer *issuer
	quota  *quota
	peers  map[netip.AddrPort]bool
	hosts  map[netip.Addr]bool // of peers

	badPeers, dropped atomic.Uint64
}

// Stats counts relays, and what the server refused or dropped.
type Stats struct {
	Relays         int    // now
	BadPeers       uint64 // permissions requested for other addresses, and packets sent to them
	BadCredentials uint64 // requests with wrong or expired credentials
	OverQuota      uint64 // relays refused because there were too many
	Dropped        uint64 // packets of clients that sent too fast, and for clients that did not read
	RefusedConns   uint64 // TCP connections refused because there were too many
}

// New opens the ports. The caller must call Run, which closes them.
func New(cfg Config) (*Server, error) {
	s := &Server{
		issuer: &issuer{secret: rand.Text()}, quota: newQuota(), log: cfg.Log,
		peers: make(map[netip.AddrPort]bool), hosts: make(map[netip.Addr]bool),
	}
	if s.log == nil { // pion's own default is standard error
		s.log = &logging.DefaultLoggerFactory{Writer: io.Discard}
	}
	for _, peer := range cfg.Peers {
		s.peers[peer] = true
		s.hosts[peer.Addr()] = true
	}
	const tries = 10 // a port free on one address may be taken on another
	for try := 0; ; try++ {
		err := s.listen(cfg.Port)
		if err == nil {
			return s, nil
		}
		if cfg.Port != 0 || try == tries {
			return nil, fmt.Errorf("TURN: %w", err)
		}
	}
}

// listen opens TCP on all addresses. It opens UDP on each, so that an answer leaves from the
// address that got the request.
func (s *Server) listen(port int) error {
	tcp, err := stream.Listen(port, stream.Default())
	if err != nil {
		return err
	}
	s.tcp, s.port = tcp, tcp.Port()
	for ip := range s.hosts {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(s.port))))
		if err != nil {
			s.close()
			return fmt.Errorf("open UDP socket: %w", err)
		}
		s.udp = append(s.udp, conn)
	}
	return nil
}

func (s *Server) close() {
	_ = s.tcp.Close()
	for _, conn := range s.udp {
		_ = conn.Close()
	}
	s.udp = nil
}

// Port returns the port on which the server listens.
func (s *Server) Port() int { return s.port }

// Credentials returns a username and its password. A client can get relays with them for an
// hour, and keep these relays for a day more.
func (s *Server) Credentials(now time.Time) (username, password string) { return s.issuer.issue(now) }

// Stats returns the counters.
func (s *Server) Stats() Stats {
	tcp := s.tcp.Stats()
	return Stats{
		Relays: s.quota.relays(), BadPeers: s.badPeers.Load(), BadCredentials: s.issuer.refused.Load(),
		OverQuota: s.quota.refused.Load(), Dropped: s.dropped.Load() + tcp.Dropped, RefusedConns: tcp.Refused,
	}
}

// Run serves until ctx ends and all relays are closed.
func (s *Server) Run(ctx context.Context) error {
	config := turn.ServerConfig{
		Realm: realm, AuthHandler: s.issuer.authenticate, LoggerFactory: s.log,
		QuotaHandler: s.quota.hasPlace,
		EventHandler: turn.EventHandler{
			OnAuth: s.issuer.authenticated, OnAllocationCreated: s.quota.created, OnAllocationDeleted: s.quota.deleted,
		},
		ListenerConfigs: []turn.ListenerConfig{{
			Listener: s.tcp, RelayAddressGenerator: relays{s}, PermissionHandler: s.permits,
		}},
	}
	for _, conn := range s.udp {
		config.PacketConnConfigs = append(config.PacketConnConfigs, turn.PacketConnConfig{
			PacketConn: conn, RelayAddressGenerator: relays{s}, PermissionHandler: s.permits,
		})
	}
	server, err := turn.NewServer(config)
	if err != nil {
		s.close()
		return fmt.Errorf("run TURN: %w", err)
	}
	<-ctx.Done()
	s.quota.close()
	err = server.Close()
	s.quota.wg.Wait()
	return err
}
