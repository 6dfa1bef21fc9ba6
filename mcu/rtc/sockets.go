package rtc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"

	"tilemix/mcu/rtc/udp"
	"tilemix/mcu/stream"
)

// bindAgain (2 s) is the time until an address that could not be bound is tried again. IPv6
// takes as long to find out that no other machine has a new address (RFC 4862 §5.4).
const bindAgain = 2 * time.Second

// errNoAddress is returned for an address that the machine has not, or no more.
var errNoAddress = errors.New("the machine has no such address")

// sockets are the UDP sockets of all connections: one for each address that the server uses, all on
// one port. It is an ice.UDPMux, and safe for concurrent use. Run has a goroutine for each socket, and
// one that waits for news of addresses.
type sockets struct {
	port   int
	list   func() ([]net.IP, error) // of the addresses to use that the machine has
	wanted []netip.Addr             // to use; none: all
	local  bool                     // only programs of this machine reach the sockets
	shared bool                     // with TURN
	notice func(change string, at netip.Addr, err error)
	log    logging.LeveledLogger

	mu    sync.RWMutex // guards what follows
	all   []bound
	ended udp.Stats // of sockets that are closed
}

// bound is a socket of one address.
type bound struct {
	*udp.Socket
	at   netip.Addr
	mux  ice.UDPMux
	turn *udp.Aside // nil: the socket is not shared
}

// listen opens TCP, and a UDP socket on each address, on one port. Port 0 is a free one.
// An address that is not ready yet is left out.
func listen(cfg Config, list func() ([]net.IP, error)) (*sockets, stream.Listeners, error) {
	const tries = 10 // a port that is free on one address may be taken on another
	for try := 0; ; try++ {
		tcp, err := cfg.listenTCP()
		if err != nil {
			return nil, nil, err
		}
		s := &sockets{port: tcp.Port(), list: cfg.listed(list), wanted: cfg.Listen, local: cfg.Local, shared: cfg.TURN, notice: cfg.OnAddress, log: cfg.Log.NewLogger("ice")}
		if s.notice == nil {
			s.notice = func(string, netip.Addr, error) {}
		}
		if err = s.begin(); err == nil {
			return s, tcp, nil
		}
		_, _ = s.Close(), tcp.Close()
		if cfg.Port != 0 || cfg.TCP != nil || try == tries || errors.Is(err, errNoAddress) {
			return nil, nil, err
		}
	}
}

// begin opens the sockets. It fails when there is none, or when the port is taken.
func (s *sockets) begin() error {
	ips, err := s.list()
	if err != nil {
		return err
	}
	for _, ip := range ips {
		_, err = s.open(address(ip))
		if errors.Is(err, syscall.EADDRNOTAVAIL) {
			s.notice("is not ready", address(ip), err)
			continue
		}
		if err != nil {
			return err
		}
	}
	for _, at := range s.wanted {
		if !slices.ContainsFunc(ips, func(ip net.IP) bool { return address(ip) == at }) {
			s.notice("is not ready", at, errNoAddress)
		}
	}
	switch {
	case len(s.all) > 0:
		return nil
	case err == nil: // none is listed
		return fmt.Errorf("open UDP socket on %v: %w", s.wanted, errNoAddress)
	}
	return fmt.Errorf("open UDP socket: no address of the machine can be used: %w", err)
}

// address returns an IP in its short form.
func address(ip net.IP) netip.Addr {
	at, _ := netip.AddrFromSlice(ip)
	return at.Unmap()
}

// open opens the socket of an address.
func (s *sockets) open(at netip.Addr) (bound, error) {
	socket, err := udp.Listen(net.UDPAddrFromAddrPort(netip.AddrPortFrom(at, uint16(s.port))), s.local)
	if err != nil {
		return bound{}, err
	}
	b := bound{Socket: socket, at: at}
	if s.shared {
		b.turn = socket.Share()
	}
	b.mux = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: socket, Logger: s.log}) // it begins to read
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, b)
	return b, nil
}

// close closes the socket of an address that is gone.
func (s *sockets) close(b bound) {
	s.mu.Lock()
	s.all = slices.DeleteFunc(s.all, func(o bound) bool { return o.at == b.at })
	n := b.Stats()
	s.ended.Sent, s.ended.Dropped, s.ended.Refused = s.ended.Sent+n.Sent, s.ended.Dropped+n.Dropped, s.ended.Refused+n.Refused
	s.mu.Unlock()
	_ = b.mux.Close()
}

// now returns the sockets that there are now.
func (s *sockets) now() []bound {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.all)
}

// stats returns the counters of all sockets that there are and were.
func (s *sockets) stats() udp.Stats {
	s.mu.RLock()
	defer s.mu.RUnlock()
	sum := s.ended
	for _, b := range s.all {
		n := b.Stats()
		sum.Sent, sum.Dropped, sum.Refused = sum.Sent+n.Sent, sum.Dropped+n.Dropped, sum.Refused+n.Refused
	}
	return sum
}

// run sends what is written, and follows the machine's addresses, until ctx ends.
func (s *sockets) run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	stops := map[netip.Addr]context.CancelFunc{}
	send := func(b bound) {
		sending, stop := context.WithCancel(ctx)
		stops[b.at] = stop
		wg.Go(func() { b.Run(sending) })
	}
	for _, b := range s.now() {
		send(b)
	}
	news := make(chan struct{}, 1)
	wg.Go(func() { udp.Watch(ctx, news) })
	again := time.NewTimer(0) // at once, because addresses may have come since the start
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			for _, stop := range stops {
				stop()
			}
			return
		case <-news:
		case <-again.C:
		}
		opened, closed, later := s.follow()
		for _, b := range opened {
			send(b)
		}
		for _, b := range closed {
			stops[b.at]()
			delete(stops, b.at)
		}
		if later {
			again.Reset(bindAgain)
		}
	}
}

// follow opens the sockets of new addresses, and closes those of addresses that are gone. later
// says that an address could not be bound yet.
func (s *sockets) follow() (opened, closed []bound, later bool) {
	ips, err := s.list()
	if err != nil {
		return nil, nil, true
	}
	had := s.now()
	for _, ip := range ips {
		at := address(ip)
		if slices.ContainsFunc(had, func(b bound) bool { return b.at == at }) {
			continue
		}
		b, err := s.open(at)
		if err != nil {
			later = true
			continue
		}
		opened = append(opened, b)
		s.notice("has come", at, nil)
	}
	for _, b := range had {
		if !slices.ContainsFunc(ips, func(ip net.IP) bool { return address(ip) == b.at }) {
			s.close(b)
			closed = append(closed, b)
			s.notice("is gone", b.at, nil)
		}
	}
	return opened, closed, later
}

// GetConn is ice.UDPMux's.
func (s *sockets) GetConn(ufrag string, at net.Addr) (net.PacketConn, error) {
	for _, b := range s.now() {
		if b.LocalAddr().String() == at.String() {
			return b.mux.GetConn(ufrag, at)
		}
	}
	return nil, errNoAddress
}

// RemoveConnByUfrag is ice.UDPMux's.
func (s *sockets) RemoveConnByUfrag(ufrag string) {
	for _, b := range s.now() {
		b.mux.RemoveConnByUfrag(ufrag)
	}
}

// GetListenAddresses is ice.UDPMux's.
func (s *sockets) GetListenAddresses() (all []net.Addr) {
	for _, b := range s.now() {
		all = append(all, b.mux.GetListenAddresses()...)
	}
	return all
}

// Close is ice.UDPMux's.
func (s *sockets) Close() (err error) {
	for _, b := range s.now() {
		err = errors.Join(err, b.mux.Close())
	}
	return err
}
