package browsertest

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// detour is a way to a server. When it is cut, nothing of what goes through it arrives
// any more, and neither side is told, as when somebody's laptop changes its network:
// what begins after that passes. It is safe for concurrent use; each direction of each
// connection has a goroutine, and so has who takes new ones.
type detour struct {
	cuts atomic.Int64 // so far

	mu     sync.Mutex // guards what follows
	closed bool
	open   []io.Closer
}

func newDetour(t *testing.T) *detour {
	d := &detour{}
	t.Cleanup(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.closed = true
		for _, c := range d.open {
			_ = c.Close()
		}
	})
	return d
}

// cut ends all that goes through now.
func (d *detour) cut() { d.cuts.Add(1) }

// own has c closed at the test's end.
func (d *detour) own(c io.Closer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		_ = c.Close()
	}
	d.open = append(d.open, c)
}

// tcp returns an address whose connections go to another.
func (d *detour) tcp(t *testing.T, to string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.own(listener)
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			d.own(near)
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			d.own(far)
			born := d.cuts.Load()
			go d.carry(far, near, born)
			go d.carry(near, far, born)
		}
	}()
	return listener.Addr().String()
}

// carry takes one direction of a TCP connection from one end to the other. The end of a
// connection that was cut is not told either.
func (d *detour) carry(to, from net.Conn, born int64) {
	d.copy(to, from, born)
	if d.cuts.Load() == born {
		_ = to.Close()
	}
}

// copy passes on what is read in the time of that cut, and throws away what comes later.
func (d *detour) copy(to io.Writer, from io.Reader, born int64) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if d.cuts.Load() != born {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
