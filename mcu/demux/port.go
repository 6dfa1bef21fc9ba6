// Package demux tells apart what arrives on one port: HTTP, HTTPS, media and TURN.
//
//	TCP ─▶ Port ─┬─ 0x16 ─────────▶ TLS ─┬─ ALPN stun.turn, or STUN without ALPN ─▶ TURN
//	             │                       └─ other ALPN, or HTTP without ALPN ─────▶ TLS: HTTPS
//	             ├─ A letter ────────────────────────────────────────────────────▶ HTTP
//	             ├─ a frame with STUN ───────────────────────────────────────────▶ Media
//	             ├─ STUN ────────────────────────────────────────────────────────▶ TURN
//	             └─ other bytes, none in 5 s, too many that wait ────────────────▶ closed, counted
//	UDP ─▶ ForTURN: TURN and STUN, or media
//
// A Port has a goroutine for each connection whose kind is not known yet. Each ends after
// 15 s at the latest.
//
// # Why
//
// Firewalls of companies and hotels pass little more than port 443. There all that a client needs
// has to arrive on one port. The first bytes of each protocol differ, so no client has to say
// which it speaks, and a connection costs nothing more once it is handed on.
package demux

import (
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tilemix/mcu/stream"
)

const (
	// firstTimeout (5 s) is how long a client may take for its first bytes.
	firstTimeout = 5 * time.Second
	// helloTimeout (10 s) is how long it may take more for TLS and the first bytes in it.
	helloTimeout = 10 * time.Second
	// maxWaiting (1024) bounds the connections whose kind is not known yet. One more closes the
	// oldest, because a client that has something to say says it at once.
	maxWaiting = 1024
	// hostWaiting (256) bounds those of one address, or one /64 of IPv6. One more closes the oldest of
	// that address, so that a flood from one hardly harms others.
	hostWaiting = 256
	// acceptPause is the time between two tries while the system has no descriptor left.
	acceptPause = 100 * time.Millisecond
	// turnProtocol names TURN in ALPN (RFC 7443).
	turnProtocol = "stun.turn"
)

// Port sorts the connections of a listener by their first bytes. It is safe for concurrent use.
type Port struct {
	listener net.Listener
	tls      *tls.Config
	log      *slog.Logger
	branches [TURN + 1]*branch
	refused  atomic.Uint64
	once     sync.Once // the log

	mu      sync.Mutex           // guards the next
	waiting list.List            // of *visitor, the oldest first
	hosts   map[netip.Prefix]int // of visitors
	wg      sync.WaitGroup
}

// New returns a Port of a listener, which Run closes. With a nil config it refuses TLS. The log gets
// the first connection that is refused.
func New(l net.Listener, config *tls.Config, log *slog.Logger) *Port {
	return &Port{listener: l, tls: config, log: log, hosts: map[netip.Prefix]int{}}
}

// Listen returns the listener of a kind: TLS (which is HTTPS there), HTTP, Media or TURN. It is to be
// called before Run, once for each kind. Connections of other kinds are refused.
func (p *Port) Listen(k Kind) net.Listener {
	p.branches[k] = &branch{address: p.listener.Addr(), conns: make(chan net.Conn), done: make(chan struct{})}
	if k == TURN && p.tls != nil {
		p.tls = p.tls.Clone()
		p.tls.NextProtos = append(slices.Clip(p.tls.NextProtos), turnProtocol)
	}
	return p.branches[k]
}

// Refused counts connections that were closed: the first bytes were of no kind that is served, did not
// come in time, or too many waited for theirs.
func (p *Port) Refused() uint64 { return p.refused.Load() }

// Run accepts connections until ctx ends, and then returns nil, or until the listener fails.
// Connections that are handed on stay open. After ctx has ended, the listeners of kinds have no more
// connections, and those who use them close them. Where the listener failed, they are closed.
func (p *Port) Run(parent context.Context) error {
	ctx, cancel := context.WithCancel(parent)
	defer p.wg.Wait()
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = p.listener.Close() })()
	defer func() {
		for _, b := range p.branches {
			if b != nil && parent.Err() == nil {
				_ = b.Close()
			}
		}
	}()
	for {
		conn, err := p.listener.Accept()
		var temporary interface{ Temporary() bool }
		switch {
		case err == nil:
			p.begin(ctx, conn)
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return nil
		case errors.As(err, &temporary) && temporary.Temporary(): // no descriptor is free
			select {
			case <-ctx.Done():
			case <-time.After(acceptPause):
			}
		default:
			return err
		}
	}
}

// visitor is a connection whose kind is not known yet.
type visitor struct {
	conn  net.Conn
	close context.CancelFunc
	host  netip.Prefix
	place *list.Element // nil: it waits no more
}

// enter counts a visitor in. It returns the one that has to go for it, or nil.
func (p *Port) enter(v *visitor) (oldest *visitor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v.place = p.waiting.PushBack(v)
	p.hosts[v.host]++
	crowded := p.hosts[v.host] > hostWaiting
	if !crowded && p.waiting.Len() <= maxWaiting {
		return nil
	}
	for e := p.waiting.Front(); oldest == nil; e = e.Next() {
		if o := e.Value.(*visitor); !crowded || o.host == v.host {
			oldest = o
		}
	}
	p.remove(oldest)
	return oldest
}

// leave counts a visitor out, unless that is done.
func (p *Port) leave(v *visitor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(v)
}

func (p *Port) remove(v *visitor) {
	if v.place == nil {
		return
	}
	p.waiting.Remove(v.place)
	v.place = nil
	if p.hosts[v.host]--; p.hosts[v.host] == 0 {
		delete(p.hosts, v.host)
	}
}

// begin sorts a connection in a goroutine. It closes the oldest that waits if there are too many.
func (p *Port) begin(ctx context.Context, conn net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	keep := context.AfterFunc(ctx, func() { _ = conn.Close() })
	v := &visitor{conn: conn, close: cancel, host: stream.Host(conn.RemoteAddr())}
	if oldest := p.enter(v); oldest != nil {
		p.refuse(oldest.conn, "too many connections wait for their first bytes")
		oldest.close()
	}
	p.wg.Go(func() {
		defer cancel()
		_ = conn.SetDeadline(time.Now().Add(firstTimeout))
		kind, out, why := p.sort(ctx, conn)
		_ = conn.SetDeadline(time.Time{})
		if why == "" {
			why = p.hand(ctx, kind, out, keep)
		}
		p.leave(v)
		if why != "" && why != gone && ctx.Err() == nil {
			p.refuse(conn, why)
		}
	})
}

// gone is why a connection is not handed on that its client has closed or broken, or that is closed already.
const gone = "gone"

// hand hands a connection on and keeps it open from then on. It returns why it does not. Where it returns gone, it has
// closed the connection, and has counted what is to be counted before.
func (p *Port) hand(ctx context.Context, kind Kind, conn net.Conn, keep func() bool) (why string) {
	to := p.branches[kind]
	if to == nil {
		return "the first bytes are of no protocol that is served here"
	}
	if !keep() {
		return gone
	}
	select {
	case to.conns <- conn:
		return ""
	case <-to.done:
		if ctx.Err() == nil {
			p.refuse(conn, "the server ends")
		}
	case <-ctx.Done():
	}
	_ = conn.Close()
	return gone
}

// refuse counts a connection that is to be closed afterwards: a client that sees its end finds it counted.
func (p *Port) refuse(conn net.Conn, why string) {
	p.refused.Add(1)
	p.once.Do(func() {
		p.log.Info("connection refused; further ones are counted only", "from", conn.RemoteAddr(), "reason", why)
	})
}

// sort finds out what a connection carries, and returns it as if nothing had been read. It returns
// why it cannot.
func (p *Port) sort(ctx context.Context, conn net.Conn) (Kind, net.Conn, string) {
	kind, first, why := read(conn)
	out := &begun{conn, first}
	if kind != TLS || p.tls == nil || why != "" {
		return kind, out, why
	}
	_ = conn.SetDeadline(time.Now().Add(helloTimeout))
	inner := tls.Server(out, p.tls)
	if err := inner.HandshakeContext(ctx); err != nil {
		p.log.Debug("TLS handshake failed", "from", conn.RemoteAddr(), "error", err)
		return Unknown, nil, gone
	}
	switch inner.ConnectionState().NegotiatedProtocol {
	case turnProtocol:
		return TURN, inner, ""
	case "":
	default: // also acme-tls/1, whose connection the site closes (RFC 8737 §3)
		return TLS, inner, ""
	}
	if kind, first, why = read(inner); kind == HTTP {
		kind = TLS
	} else if kind != TURN {
		kind = Unknown
	}
	return kind, &secure{begun{inner, first}, inner}, why
}

// read reads until the bytes decide what they are.
func read(conn net.Conn) (kind Kind, first []byte, why string) {
	var b [Enough]byte
	for n := 0; ; {
		more, err := conn.Read(b[n:])
		n += more
		var late net.Error
		switch kind = First(b[:n]); {
		case kind != Short:
			return kind, b[:n], ""
		case errors.As(err, &late) && late.Timeout():
			return kind, nil, "the first bytes did not come in time"
		case err != nil:
			return kind, nil, gone
		}
	}
}
