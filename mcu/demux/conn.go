package demux

import (
	"crypto/tls"
	"net"
	"sync"
)

// begun is a connection of which the first bytes have been read.
type begun struct {
	net.Conn
	first []byte
}

// Read returns the first bytes, and then what follows.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) == 0 || len(p) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.first)
	b.first = b.first[n:]
	return n, nil
}

// secure is a begun connection within TLS.
type secure struct {
	begun
	tls *tls.Conn
}

// ConnectionState makes net/http know that there is TLS.
func (s *secure) ConnectionState() tls.ConnectionState { return s.tls.ConnectionState() }

// branch is a listener of connections of one kind. It is safe for concurrent use.
type branch struct {
	address net.Addr
	conns   chan net.Conn
	done    chan struct{}
	once    sync.Once
}

// Accept returns the next connection. It fails with net.ErrClosed after Close.
func (b *branch) Accept() (net.Conn, error) {
	select {
	case conn := <-b.conns:
		return conn, nil
	case <-b.done:
		return nil, net.ErrClosed
	}
}

// Close has further connections of this kind refused. The port stays open for the others.
func (b *branch) Close() error {
	b.once.Do(func() { close(b.done) })
	return nil
}

// Addr returns the address of the port.
func (b *branch) Addr() net.Addr { return b.address }
