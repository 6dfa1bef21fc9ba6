package certs

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"slices"
	"sync/atomic"
	"time"
)

// look is how often the machine's addresses, and the times of files, are looked at.
const look = 2 * time.Second

// Self is the source of certificates by an authority of this machine's own. They follow the machine's
// addresses.
type Self struct {
	authority *Authority
	addresses func() []net.IP
	log       *slog.Logger
	leaf      atomic.Pointer[tls.Certificate]
}

// NewSelf returns a source with a certificate for the machine's present addresses. Run must be
// called for it to follow changes.
func NewSelf(authority *Authority, log *slog.Logger) (*Self, error) {
	s := &Self{authority: authority, addresses: machineAddresses, log: log}
	return s, s.renew(s.addresses(), time.Now())
}

// Certificate returns the certificate of now. It is safe for concurrent use.
func (s *Self) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.leaf.Load(), nil }

// Expiry returns when the certificate ends.
func (s *Self) Expiry() time.Time { return s.leaf.Load().Leaf.NotAfter }

// Address returns the machine's first IPv4 address, loopback aside, for which there is a certificate;
// else nil.
func (s *Self) Address() net.IP {
	for _, ip := range s.leaf.Load().Leaf.IPAddresses {
		if ip.To4() != nil && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() {
			return ip
		}
	}
	return nil
}

// Run makes a new certificate when the machine's addresses have changed and after two thirds of a
// certificate's life, until ctx ends. It returns nil.
func (s *Self) Run(ctx context.Context) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			s.follow(now)
		}
	}
}

func (s *Self) follow(now time.Time) {
	leaf := s.leaf.Load().Leaf
	addresses := slices.DeleteFunc(s.addresses(), func(ip net.IP) bool { return !private(ip) })
	old := now.After(leaf.NotAfter.Add(-leafLife / 3))
	if !old && slices.EqualFunc(addresses, leaf.IPAddresses, net.IP.Equal) {
		return
	}
	if err := s.renew(addresses, now); err != nil {
		s.log.Error("no certificate for the addresses of now", "error", err)
		return
	}
	s.log.Info("new certificate", "addresses", addresses)
}

func (s *Self) renew(addresses []net.IP, now time.Time) error {
	leaf, err := s.authority.Issue(addresses, now)
	if err == nil {
		s.leaf.Store(leaf)
	}
	return err
}

// machineAddresses returns the addresses of this machine's interfaces, in order.
func machineAddresses() []net.IP {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var ips []net.IP
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok {
			ips = append(ips, n.IP)
		}
	}
	slices.SortFunc(ips, func(a, b net.IP) int { return slices.Compare(a, b) })
	return slices.CompactFunc(ips, net.IP.Equal)
}
