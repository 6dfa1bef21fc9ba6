package stream_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"tilemix/mcu/stream"
)

// TestDoor opens more connections than a door lets in: those over the bound are closed at once, and
// one that has ended makes place. A bound of one address does not hold for one that is exempt.
func TestDoor(t *testing.T) {
	for name, c := range map[string]struct {
		conns, perHost, enter int
		exempt                bool
	}{
		"in all":     {3, 100, 3, false},
		"an address": {100, 2, 2, false},
		"exempt":     {3, 2, 3, true},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			door := stream.NewDoor(l, c.conns, c.perHost, func(a netip.Addr) bool { return c.exempt && a.IsLoopback() })
			defer door.Close()
			inside := make(chan net.Conn, 10)
			go func() {
				for {
					conn, err := door.Accept()
					if err != nil {
						return
					}
					inside <- conn
				}
			}()
			connect := func() net.Conn {
				conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = conn.Close() })
				return conn
			}
			var last net.Conn
			for range c.enter {
				connect()
				last = <-inside
				defer last.Close()
			}
			over := connect()
			_ = over.SetReadDeadline(time.Now().Add(20 * time.Second))
			if _, err := over.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("one too many: %v", err)
			}
			if door.Refused() != 1 {
				t.Errorf("%d are refused, want 1", door.Refused())
			}
			_, _ = last.Close(), last.Close()
			connect()
			_ = (<-inside).Close()
		})
	}
}
