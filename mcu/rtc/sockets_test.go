package rtc

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/logging"
)

// machine is a machine whose addresses the test sets.
type machine struct {
	mu  sync.Mutex
	ips []net.IP
}

func (m *machine) list() ([]net.IP, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ips, nil
}

func (m *machine) set(all ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ips = nil
	for _, ip := range all {
		m.ips = append(m.ips, net.ParseIP(ip))
	}
}

// TestAddressesComeAndGo starts on a machine with an address that is not ready, which no socket can be
// bound to, and has others come and go: each gets a socket on the one port, and loses it.
func TestAddressesComeAndGo(t *testing.T) {
	const loopback, second, tentative = "127.0.0.1", "127.0.0.2", "192.0.2.77"
	var m machine
	m.set(tentative)
	cfg := Config{Log: &logging.DefaultLoggerFactory{Writer: io.Discard}}
	if _, _, err := listen(cfg, m.list); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Fatalf("without any address: %v", err)
	}
	var told []string
	cfg.OnAddress = func(change string, at netip.Addr, _ error) { told = append(told, at.String()+" "+change) }
	m.set(loopback, tentative)
	s, tcp, err := listen(cfg, m.list)
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	defer s.Close()
	want := func(all ...string) {
		t.Helper()
		var got []string
		for _, a := range s.GetListenAddresses() {
			host, _, _ := net.SplitHostPort(a.String())
			got = append(got, host)
		}
		if !slices.Equal(got, all) {
			t.Errorf("it listens on %v, want %v", got, all)
		}
	}
	want(loopback)
	m.set(loopback, second, tentative)
	if opened, closed, later := s.follow(); len(opened) != 1 || len(closed) != 0 || !later {
		t.Errorf("%v came, %v went, later: %v", opened, closed, later)
	}
	want(loopback, second)
	m.set(second)
	if opened, closed, later := s.follow(); len(opened) != 0 || len(closed) != 1 || later {
		t.Errorf("%v came, %v went, later: %v", opened, closed, later)
	}
	want(second)
	if _, err := s.GetConn("u", &net.UDPAddr{IP: net.ParseIP(loopback), Port: s.port}); !errors.Is(err, errNoAddress) {
		t.Errorf("an address that is gone: %v", err)
	}
	if all := []string{tentative + " is not ready", second + " has come", loopback + " is gone"}; !slices.Equal(told, all) {
		t.Errorf("told %q, want %q", told, all)
	}
	ctx, cancel := context.WithCancel(t.Context())
	m.set(second, loopback) // which run finds at its start
	var running sync.WaitGroup
	running.Go(func() { s.run(ctx) })
	for len(s.now()) < 2 && t.Context().Err() == nil {
		time.Sleep(time.Millisecond)
	}
	cancel()
	running.Wait()
}
