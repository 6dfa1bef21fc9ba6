package certs

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// helloTimeout is how long a client may take for its first byte.
	helloTimeout = 10 * time.Second
	// waiting bounds the connections whose first byte has not come, or that nobody has accepted.
	waiting = 1024
	// handshakeRecord begins each connection of TLS (RFC 8446 §5.1).
	handshakeRecord = 0x16
)

// Split tells TLS from plain HTTP on one port, by the first byte of each connection. Connections
// over the bound are closed and counted.
type Split struct {
	listener   net.Listener
	tls, plain branch
	slots      chan struct{}
	refused    atomic.Uint64
	wg         sync.WaitGroup
}

// NewSplit returns a Split of a listener, which Run closes.
func NewSplit(l net.Listener) *Split {
	s := &Split{listener: l, slots: make(chan struct{}, waiting)}
	for _, b := range []*branch{&s.tls, &s.plain} {
		*b = branch{address: l.Addr(), conns: make(chan net.Conn), done: make(chan struct{})}
	}
	return s
}

// TLS returns the listener of connections that begin with a TLS record.
func (s *Split) TLS() net.Listener { return &s.tls }

// Plain returns the listener of all other connections.
func (s *Split) Plain() net.Listener { return &s.plain }

// Refused counts connections that were over the bound.
func (s *Split) Refused() uint64 { return s.refused.Load() }

// Run accepts connections until ctx ends, and then returns nil, or until the listener fails.
func (s *Split) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = s.listener.Close() })
	defer stop()
	defer s.wg.Wait()
	defer s.tls.Close()
	defer s.plain.Close()
	for {
		conn, err := s.listener.Accept()
		var temporary interface{ Temporary() bool }
		switch {
		case err == nil:
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return nil
		case errors.As(err, &temporary) && temporary.Temporary(): // no descriptor is free
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		default:
			return err
		}
		select {
		case s.slots <- struct{}{}:
			s.wg.Go(func() { s.sort(ctx, conn); <-s.slots })
		default:
			s.refused.Add(1)
			_ = conn.Close()
		}
	}
}

// sort reads a connection's first byte and hands the connection on.
func (s *Split) sort(ctx context.Context, conn net.Conn) {
	var first [1]byte
	_ = conn.SetReadDeadline(time.Now().Add(helloTimeout))
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })()
	if _, err := conn.Read(first[:]); err != nil {
		_ = conn.Close()
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	to := &s.plain
	if first[0] == handshakeRecord {
		to = &s.tls
	}
	select {
	case to.conns <- &begun{Conn: conn, first: first[:]}:
	case <-to.done:
		_ = conn.Close()
	}
}

// begun is a connection of which the first byte has been read.
type begun struct {
	net.Conn
	first []byte
}

func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) == 0 || len(p) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.first)
	b.first = b.first[n:]
	return n, nil
}

// branch is a listener of some of the connections.
type branch struct {
	address net.Addr
	conns   chan net.Conn
	done    chan struct{}
	once    sync.Once
}

func (b *branch) Accept() (net.Conn, error) {
	select {
	case conn := <-b.conns:
		return conn, nil
	case <-b.done:
		return nil, net.ErrClosed
	}
}

func (b *branch) Close() error {
	b.once.Do(func() { close(b.done) })
	return nil
}

func (b *branch) Addr() net.Addr { return b.address }
