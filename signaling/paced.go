package signaling

import (
	"bufio"
	"net"
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

const (
	// A WebSocket reads byteRate (128 KiB) a second and byteBurst (512 KiB) at once, whatever the
	// bytes are: frames that are no messages cost too.
	byteRate, byteBurst = 128 << 10, 512 << 10
	// A client sends pingRate (20) pings and pongs a second, and pingBurst (100) at once.
	pingRate, pingBurst = 20, 100
)

// pacedWriter is a response whose connection, once it is taken over, is read no faster than
// byteRate.
type pacedWriter struct {
	http.ResponseWriter
	hijack http.Hijacker
}

// paced returns w for a connection that will be taken over.
func paced(w http.ResponseWriter) http.ResponseWriter {
	if h, ok := w.(http.Hijacker); ok {
		return &pacedWriter{w, h}
	}
	return w
}

// Hijack is http.Hijacker's.
func (p *pacedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := p.hijack.Hijack()
	if err != nil {
		return nil, nil, err
	}
	return &pacedConn{conn, rate.NewLimiter(byteRate, byteBurst)}, rw, nil
}

// pacedConn waits before it reads on when much has been read.
type pacedConn struct {
	net.Conn
	bytes *rate.Limiter
}

func (c *pacedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b[:min(len(b), byteBurst)])
	if wait := c.bytes.ReserveN(time.Now(), n).Delay(); wait > 0 {
		time.Sleep(wait)
	}
	return n, err
}
