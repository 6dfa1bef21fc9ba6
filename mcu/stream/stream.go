// Package stream listens on TCP for the media of clients whose firewall passes only TCP. It
// bounds their number and the memory that each takes.
//
//	Accept ─▶ Conn.Write ─▶ queue ─▶ the connection's writer ─▶ client
//
// A connection has a goroutine, its writer, which Listener.Close waits for.
//
// # Why
//
// A TCP connection's writes go to a bounded queue. A client that does not read loses packets,
// and no clock waits for a socket. pion's own buffers do not count what they drop.
package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Limits bound a listener.
type Limits struct {
	Conns   int           // connections at a time; the listener closes further ones
	PerHost int           // connections from one address, or one /64 of IPv6
	Hello   time.Duration // until the first message of a client has arrived
	Idle    time.Duration // without a byte from a client; then its connection is closed
	Unsent  int           // bytes that wait for one client; further packets are dropped
	Local   bool          // only programs of this machine can connect
}

// Default returns the limits for production. Unsent is a second of a room's picture. Idle is
// the lifetime of a TURN allocation (RFC 8656 §3.2).
func Default() Limits {
	return Limits{Conns: 2048, PerHost: 256, Hello: 10 * time.Second, Idle: 10 * time.Minute, Unsent: 256 << 10}
}

// Stats counts what a listener refused and dropped.
type Stats struct {
	Refused uint64 // connections over the limits
	Dropped uint64 // packets for clients that did not read earlier ones
}

// Listener is a net.Listener whose connections' writes do not wait. It is safe for
// concurrent use.
type Listener struct {
	net.Listener
	limits Limits

	mu     sync.Mutex // guards what follows
	closed bool
	conns  map[*conn]bool
	hosts  map[netip.Prefix]int
	wg     sync.WaitGroup

	refused, dropped atomic.Uint64
}

// Listen listens on a port of one address, or of all addresses for the zero Addr. With port 0 the
// system chooses a free one. The caller closes the listener. An address need not be ready: it
// receives connections once the machine has it.
func Listen(at netip.Addr, port int, limits Limits) (*Listener, error) {
	host := ""
	if at.IsValid() {
		host = at.String()
	}
	config := net.ListenConfig{Control: func(network, address string, c syscall.RawConn) (err error) {
		if at.IsValid() {
			err = early(network, address, c)
		}
		if limits.Local {
			err = errors.Join(err, OnlyLocal(network, address, c))
		}
		return err
	}}
	l, err := config.Listen(context.Background(), "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("open TCP port: %w", err)
	}
	return On(l, limits), nil
}

// On bounds a listener that is open, such as one that shares its port. Limits.Local does not count.
// The caller closes the result, and with it the listener.
func On(l net.Listener, limits Limits) *Listener {
	return &Listener{
		Listener: l, limits: limits,
		conns: make(map[*conn]bool), hosts: make(map[netip.Prefix]int),
	}
}

// Port returns the port on which the listener listens.
func (l *Listener) Port() int {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// Stats returns the counters.
func (l *Listener) Stats() Stats { return Stats{l.refused.Load(), l.dropped.Load()} }

// Accept returns the next connection within the limits.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			var passing interface{ Temporary() bool } // too many open files, and the like
			if errors.As(err, &passing) && passing.Temporary() {
				time.Sleep(acceptPause)
				continue
			}
			return nil, err
		}
		if c := l.admit(raw); c != nil {
			return c, nil
		}
		l.refused.Add(1)
		_ = raw.Close()
	}
}

// acceptPause is the time between two tries while the system has no descriptor left.
const acceptPause = 50 * time.Millisecond

// admit counts a connection in and starts its writer. It returns nil if a limit is reached.
func (l *Listener) admit(raw net.Conn) *conn {
	c := &conn{
		Conn: raw, l: l, host: Host(raw.RemoteAddr()),
		born: time.Now(), wake: make(chan struct{}, 1),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.conns) >= l.limits.Conns || l.hosts[c.host] >= l.limits.PerHost {
		return nil
	}
	l.conns[c] = true
	l.hosts[c.host]++
	l.wg.Go(c.run)
	return c
}

// Host returns the prefix by which clients are counted: an address of IPv4, or a /64 of IPv6,
// because one client may use all addresses of its /64.
func Host(a net.Addr) netip.Prefix {
	at, ok := a.(interface{ AddrPort() netip.AddrPort }) // TCP or UDP
	if !ok {
		return netip.Prefix{}
	}
	return HostOf(at.AddrPort().Addr())
}

// HostOf is Host for an IP address.
func HostOf(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap()
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	prefix, _ := ip.Prefix(bits)
	return prefix
}

// forget counts a connection out.
func (l *Listener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
	if l.hosts[c.host]--; l.hosts[c.host] == 0 {
		delete(l.hosts, c.host)
	}
}

// Close stops listening, closes all connections and waits for their writers.
func (l *Listener) Close() error {
	err := l.Listener.Close()
	l.mu.Lock()
	l.closed = true
	all := make([]*conn, 0, len(l.conns))
	for c := range l.conns {
		all = append(all, c)
	}
	l.mu.Unlock()
	for _, c := range all {
		_ = c.Close()
	}
	l.wg.Wait()
	return err
}
