package demux_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"

	"tilemix/mcu/demux"
)

// pipes is a listener of connections in memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return net.TCPAddrFromAddrPort(netip.AddrPort{}) }

func (p *pipes) dialFrom(at netip.Addr) net.Conn {
	client, server := net.Pipe()
	p.conns <- from{server, at}
	return client
}

// from is a connection of a client at an address.
type from struct {
	net.Conn
	at netip.Addr
}

func (f from) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(netip.AddrPortFrom(f.at, 1)) }

// host is the n-th address.
func host(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}) }

// bench is a Port of pipes.
type bench struct {
	*pipes
	*demux.Port
	accepted map[demux.Kind]chan net.Conn
}

func open(t *testing.T) *bench {
	return openWith(t, nil, slog.New(slog.DiscardHandler), demux.HTTP, demux.Media, demux.TURN)
}

func openWith(t *testing.T, config *tls.Config, log *slog.Logger, kinds ...demux.Kind) *bench {
	b := &bench{pipes: &pipes{make(chan net.Conn), make(chan struct{})}, accepted: map[demux.Kind]chan net.Conn{}}
	b.Port = demux.New(b.pipes, config, log)
	var listeners []net.Listener
	for _, k := range kinds {
		l, c := b.Listen(k), make(chan net.Conn, 1)
		b.accepted[k], listeners = c, append(listeners, l)
		go func() {
			defer close(c)
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				c <- conn
			}
		}()
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for _, l := range listeners {
			_ = l.Close()
		}
	})
	return b
}

// TestPort hands each kind to its listener with all its bytes, also where they come one by one,
// while others are silent.
func TestPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t)
		silent := make([]net.Conn, 1000)
		for i := range silent {
			silent[i] = b.dialFrom(host(i))
		}
		for kind, first := range map[demux.Kind][]byte{
			demux.HTTP:  []byte("GET / HTTP/1.1\r\n\r\n"),
			demux.Media: frame(stunMessage(t, stun.BindingRequest, stun.NewUsername("a:b"))),
			demux.TURN:  stunMessage(t, request(stun.MethodAllocate)),
		} {
			began := time.Now()
			client := b.dialFrom(host(0))
			go func() {
				for i := range first {
					_, _ = client.Write(first[i : i+1])
				}
				_ = client.Close()
			}()
			got, err := io.ReadAll(<-b.accepted[kind])
			if err != nil || string(got) != string(first) {
				t.Errorf("%d: got %q, %v", kind, got, err)
			}
			if took := time.Since(began); took != 0 {
				t.Errorf("%d: waited for %v", kind, took)
			}
		}
		began := time.Now()
		for _, c := range silent {
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 5*time.Second || b.Refused() != 1000 {
			t.Errorf("silent clients are closed after %v, %d are counted", took, b.Refused())
		}
	})
}

// TestOldest: one connection too many closes the one that has been silent for longest, in all or of the
// same address.
func TestOldest(t *testing.T) {
	for name, c := range map[string]struct{ before, others, same int }{
		"in all":     {0, 1023, 0},
		"an address": {10, 0, 255},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := open(t)
				for i := range c.before {
					defer b.dialFrom(host(2000 + i)).Close()
				}
				first := b.dialFrom(host(0))
				for i := range c.others {
					defer b.dialFrom(host(1 + i)).Close()
				}
				for range c.same {
					defer b.dialFrom(host(0)).Close()
				}
				if synctest.Wait(); b.Refused() != 0 {
					t.Errorf("%d are refused within the bounds", b.Refused())
				}
				last := b.dialFrom(host(0))
				if _, err := first.Read(make([]byte, 1)); !errors.Is(err, io.EOF) || b.Refused() != 1 {
					t.Errorf("the oldest: %v, %d are refused", err, b.Refused())
				}
				if _, err := last.Write([]byte("G")); err != nil {
					t.Errorf("the newest: %v", err)
				}
				_ = (<-b.accepted[demux.HTTP]).Close()
			})
		})
	}
}

// TestRandom: whatever a client begins with, its connection is handed on or closed within 5 s.
func TestRandom(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 5000
	}
	synctest.Test(t, func(t *testing.T) {
		b := open(t)
		for _, c := range b.accepted {
			go func() {
				for conn := range c {
					_ = conn.Close()
				}
			}()
		}
		source := rand.New(rand.NewPCG(1, 2))
		for range n / 500 {
			began := time.Now()
			for range 500 {
				client := b.dialFrom(host(source.IntN(1000)))
				packet := make([]byte, source.IntN(24))
				for i := range packet {
					packet[i] = byte(source.Uint32())
				}
				if len(packet) > 0 && source.IntN(2) == 0 {
					packet[0] %= 3
				}
				go func() {
					_, _ = client.Write(packet)
					_, _ = io.Copy(io.Discard, client)
					if took := time.Since(began); took > 5*time.Second {
						t.Errorf("% x is closed after %v", packet, took)
					}
				}()
			}
			time.Sleep(6 * time.Second)
			synctest.Wait()
		}
		if b.Refused() < uint64(n)/2 {
			t.Errorf("%d of %d are refused", b.Refused(), n)
		}
	})
}

// watched is a connection that says how many were refused when it is closed.
type watched struct {
	from
	port   *demux.Port
	closed chan uint64
}

func (w watched) Close() error {
	select {
	case w.closed <- w.port.Refused():
	default: // it is closed again
	}
	return w.from.Close()
}

// TestCounted: a connection that is refused is counted before it is closed.
func TestCounted(t *testing.T) {
	for name, first := range map[string]string{
		"a kind that is not served any more": "GET / HTTP/1.1\r\n\r\n", "other bytes": "\x00 nothing of ours", "no bytes": "",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &pipes{make(chan net.Conn), make(chan struct{})}
				port := demux.New(p, nil, slog.New(slog.DiscardHandler))
				_ = port.Listen(demux.HTTP).Close()
				ctx, cancel := context.WithCancel(t.Context())
				ran := make(chan error, 1)
				go func() { ran <- port.Run(ctx) }()
				client, server := net.Pipe()
				defer client.Close()
				w := watched{from{server, host(1)}, port, make(chan uint64, 1)}
				p.conns <- w
				go func() { _, _ = io.WriteString(client, first) }()
				if n := <-w.closed; n != 1 {
					t.Errorf("%d are counted when it is closed", n)
				}
				cancel()
				if err := <-ran; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestEnd: once its context ends, a Port has no more connections, and leaves it to those who use a listener
// to close it, so that none of them takes the end for a failure.
func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		port := demux.New(&pipes{make(chan net.Conn), make(chan struct{})}, nil, slog.New(slog.DiscardHandler))
		site := port.Listen(demux.HTTP)
		ctx, cancel := context.WithCancel(t.Context())
		ran, accepted := make(chan error, 1), make(chan error, 1)
		go func() { ran <- port.Run(ctx) }()
		go func() {
			_, err := site.Accept()
			accepted <- err
		}()
		cancel()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		select {
		case err := <-accepted:
			t.Errorf("the site's listener ends with %v", err)
		default:
		}
		_ = site.Close()
		if err := <-accepted; !errors.Is(err, net.ErrClosed) {
			t.Errorf("the site's listener is closed with %v", err)
		}
	})
}
