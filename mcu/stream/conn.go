package stream

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// sendTimeout is how long a client may accept nothing before its connection is closed.
const sendTimeout = 10 * time.Second

// hello is the length of the shortest first message, a STUN header (RFC 8489 §5).
const hello = 20

// conn is a connection whose writes are queued. A write is one packet. The queue takes it whole
// or drops it whole, because half a packet would end the stream.
type conn struct {
	net.Conn
	l    *Listener
	host netip.Prefix
	born time.Time
	wake chan struct{}
	read int // bytes of the first message; the reader's

	mu     sync.Mutex // guards what follows
	closed bool
	queue  []byte
}

// Write queues a packet and never waits. It is safe for concurrent use.
func (c *conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	if len(c.queue)+len(b) > c.l.limits.Unsent {
		c.l.dropped.Add(1)
		return len(b), nil
	}
	c.queue = append(c.queue, b...)
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return len(b), nil
}

// Read reads from the client. It fails if the client is silent for Limits.Hello at first, or
// Limits.Idle later.
func (c *conn) Read(b []byte) (int, error) {
	until := c.born.Add(c.l.limits.Hello)
	if c.read >= hello {
		until = time.Now().Add(c.l.limits.Idle)
	}
	_ = c.Conn.SetReadDeadline(until)
	n, err := c.Conn.Read(b)
	if c.read < hello {
		c.read += n
	}
	return n, err
}

// SetReadDeadline does nothing, because Read sets its own deadlines.
func (c *conn) SetReadDeadline(time.Time) error { return nil }

// run sends the queue until the connection is closed.
func (c *conn) run() {
	defer c.l.forget(c)
	defer func() { _ = c.Close() }()
	var batch []byte
	for range c.wake {
		c.mu.Lock()
		batch, c.queue = c.queue, batch[:0]
		closed := c.closed
		c.mu.Unlock()
		if closed {
			return
		}
		_ = c.SetWriteDeadline(time.Now().Add(sendTimeout))
		if _, err := c.Conn.Write(batch); err != nil {
			return
		}
	}
}

// Close ends the connection. A second Close does nothing.
func (c *conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	close(c.wake)
	c.mu.Unlock()
	return c.Conn.Close() // TLS may wait
}
