package stream

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// Door is a net.Listener that closes connections over a bound at once: in all, and of one address
// or one /64 of IPv6. It is for servers of their own protocol, such as HTTP. It is safe for
// concurrent use.
type Door struct {
	net.Listener
	conns, perHost int
	exempt         func(netip.Addr) bool

	mu    sync.Mutex // guards what follows
	open  int
	hosts map[netip.Prefix]int

	refused atomic.Uint64
}

// NewDoor bounds the connections of a listener. Addresses that are exempt have no bound of their
// own, such as a proxy's.
func NewDoor(l net.Listener, conns, perHost int, exempt func(netip.Addr) bool) *Door {
	return &Door{Listener: l, conns: conns, perHost: perHost, exempt: exempt, hosts: map[netip.Prefix]int{}}
}

// Refused returns how many connections were closed because of a bound.
func (d *Door) Refused() uint64 { return d.refused.Load() }

// Accept returns the next connection within the bounds.
func (d *Door) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		host := Host(conn.RemoteAddr())
		if d.exempt(host.Addr()) {
			host = netip.Prefix{}
		}
		if d.enter(host) {
			return &passed{Conn: conn, leave: sync.OnceFunc(func() { d.leave(host) })}, nil
		}
		d.refused.Add(1)
		_ = conn.Close()
	}
}

func (d *Door) enter(host netip.Prefix) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open >= d.conns || host.IsValid() && d.hosts[host] >= d.perHost {
		return false
	}
	d.open++
	if host.IsValid() {
		d.hosts[host]++
	}
	return true
}

func (d *Door) leave(host netip.Prefix) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open--
	if !host.IsValid() {
		return
	}
	if d.hosts[host]--; d.hosts[host] == 0 {
		delete(d.hosts, host)
	}
}

// passed is a connection that came through a door.
type passed struct {
	net.Conn
	leave func()
}

// Close ends the connection. Its place is free from then on.
func (p *passed) Close() error {
	defer p.leave()
	return p.Conn.Close()
}
