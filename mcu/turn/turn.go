// Package turn is a TURN server (RFC 8656) for one purpose: to bring clients to
// this server's own media sockets when a firewall lets them reach nothing but its
// port. It is no way to anywhere else.
//
//	client ── UDP or TCP, one port ──▶ Server ── relay, on loopback ──▶ the media sockets
//
// A relay is a UDP socket on a loopback address, so the kernel takes its packets
// nowhere else and nothing from outside comes to it; beside that each packet's peer
// is compared with the media sockets' addresses. No more ports need be open than the
// server's own.
//
// Its goroutines are pion's: one for each socket, for TCP one for each client,
// and one for each relay. They end with Run, or shortly after.
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
	"sync"
	"sync/atomic"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"

	"tilemix/mcu/stream"
)

// realm is that of the credentials (RFC 8489 §9.2).
const realm = "tilemix"

// Config is how a TURN server works.
type Config struct {
	// Port of UDP and TCP; 0 is a free one.
	Port int
	// Peers are the only addresses that it relays to: this server's own. UDP is
	// served on each of their IPs.
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
	secret string // that credentials are made with
	peers  map[netip.AddrPort]bool
	hosts  map[netip.Addr]bool // of peers

	mu     sync.Mutex // guards what follows
	relays map[string]int
	from   map[netip.Prefix]int // relays by their clients' hosts
	total  int
	closed bool
	wg     sync.WaitGroup // of the relays

	badPeers, badCredentials, overQuota, dropped atomic.Uint64
}

// Stats counts what a server does and what it refused.
type Stats struct {
	Relays         int    // now
	BadPeers       uint64 // permissions asked for and packets sent to others than this server
	BadCredentials uint64 // requests with wrong or expired credentials
	OverQuota      uint64 // relays that were one too many
	Dropped        uint64 // packets of clients that sent too fast, and for clients that did not read
	RefusedConns   uint64 // TCP connections that were one too many
}

// New opens the ports. Whoever gets a server runs it; Run closes it.
func New(cfg Config) (*Server, error) {
	s := &Server{
		secret: rand.Text(), log: cfg.Log,
		peers: make(map[netip.AddrPort]bool), hosts: make(map[netip.Addr]bool),
		relays: make(map[string]int), from: make(map[netip.Prefix]int),
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

// listen opens TCP on all addresses and UDP on each, so that answers leave from
// the address that was asked.
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

// Port returns the port that it listens on.
func (s *Server) Port() int { return s.port }

// Stats returns the counters.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	total := s.total
	s.mu.Unlock()
	tcp := s.tcp.Stats()
	return Stats{
		Relays: total, BadPeers: s.badPeers.Load(), BadCredentials: s.badCredentials.Load(),
		OverQuota: s.overQuota.Load(), Dropped: s.dropped.Load() + tcp.Dropped, RefusedConns: tcp.Refused,
	}
}

// Run serves until ctx ends and all relays are closed.
func (s *Server) Run(ctx context.Context) error {
	config := turn.ServerConfig{
		Realm: realm, AuthHandler: s.authenticate, LoggerFactory: s.log,
		QuotaHandler: s.hasPlace,
		EventHandler: turn.EventHandler{
			OnAuth: s.authenticated, OnAllocationCreated: s.came, OnAllocationDeleted: s.went,
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
	s.mu.Lock()
	s.closed = true // no relay begins from here on
	s.mu.Unlock()
	err = server.Close()
	s.wg.Wait()
	return err
}
