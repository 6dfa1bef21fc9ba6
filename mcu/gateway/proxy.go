package gateway

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"tilemix/mcu/gateway/address"
	"tilemix/mcu/gateway/rtsp"
	"tilemix/mcu/sandbox"
)

// proxy stands between FFmpeg and a server. It connects only to addresses that the rules allow, because
// names, redirections and playlists may lead elsewhere. FFmpeg gets a failure as a status only,
// so the proxy keeps the last error.
type proxy struct {
	url    string        // what FFmpeg reads
	env    []string      // environment by which FFmpeg finds the proxy
	reach  sandbox.Reach // of FFmpeg
	stop   func()
	failed atomic.Pointer[error] // error of the last connection; nil: it connected
	camera *rtsp.Bridge          // nil: there is none
}

// reason returns the error of the last connection in place of the error of FFmpeg.
func (p *proxy) reason(said error) error {
	if p.camera != nil {
		return cmp.Or(p.camera.Err(), said)
	}
	if why := p.failed.Load(); said != nil && why != nil {
		return *why
	}
	return said
}

// remembering returns a dial that keeps its last error in failed.
func (p *proxy) remembering(dial dial) dial {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		switch {
		case err == nil:
			p.failed.Store(nil)
		case ctx.Err() == nil:
			p.failed.Store(&err)
		}
		return conn, err
	}
}

// dial is [net.Dialer.DialContext].
type dial = func(ctx context.Context, network, addr string) (net.Conn, error)

// newProxy runs a proxy until it is stopped. RTMP without TLS and files have none: FFmpeg gets at,
// which is the address with an IP.
func newProxy(ctx context.Context, rules address.Rules, a, at address.Address) (*proxy, error) {
	switch a.Scheme() {
	case "http", "https", "rtmps":
		return newWebProxy(ctx, rules, a)
	case "rtsp":
		return newCameraProxy(ctx, rules, a)
	default:
		return &proxy{url: at.URL(), reach: reachOf(at), stop: func() {}}, nil
	}
}

// reachOf returns where FFmpeg connects to for an address, unless by a proxy.
func reachOf(a address.Address) sandbox.Reach {
	return sandbox.Reach{UDP: a.Scheme() == "srt", Port: a.Port()}
}

// newCameraProxy runs an RTSP client, and a server for FFmpeg.
func newCameraProxy(ctx context.Context, rules address.Rules, a address.Address) (*proxy, error) {
	bridge, err := rtsp.Listen(ctx, rtsp.Config{URL: a.URL(), Dial: newDialer(rules).DialContext})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { bridge.Run(ctx) })
	return &proxy{url: bridge.URL(), reach: sandbox.Reach{Port: bridge.Port()}, camera: bridge, stop: func() {
		cancel()
		running.Wait()
	}}, nil
}

// newWebProxy runs an HTTP proxy.
func newWebProxy(ctx context.Context, rules address.Rules, a address.Address) (*proxy, error) {
	p := &proxy{url: a.URL()}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	transport := newTransport(rules)
	transport.DialContext = p.remembering(transport.DialContext)
	forward := &httputil.ReverseProxy{
		Rewrite: func(*httputil.ProxyRequest) {}, Transport: transport, FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	tunnels := &tunnels{dial: transport.DialContext}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodConnect:
			tunnels.run(w, r)
		case r.URL.IsAbs():
			forward.ServeHTTP(w, r)
		default:
			w.WriteHeader(http.StatusBadRequest)
		}
	})}
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(listener) })
	at := netip.MustParseAddrPort(listener.Addr().String())
	p.env, p.reach = []string{"http_proxy=http://" + at.String()}, sandbox.Reach{Port: at.Port()}
	p.stop = func() {
		_ = server.Close()
		tunnels.close()
		running.Wait()
		transport.CloseIdleConnections()
	}
	return p, nil
}

// tunnels carry TLS connections. They are safe for concurrent use. Each has two goroutines, which
// close waits for.
type tunnels struct {
	dial dial

	mu     sync.Mutex
	closed bool
	open   []net.Conn
	wg     sync.WaitGroup
}

// run connects a client with a server until one of both ends.
func (t *tunnels) run(w http.ResponseWriter, r *http.Request) {
	there, err := t.dial(r.Context(), "tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = there.Close()
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open = append(t.open, here, there)
	if t.closed {
		_, _ = here.Close(), there.Close()
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	carry := func(to net.Conn, from io.Reader) {
		_, _ = io.Copy(to, from)
		_, _ = here.Close(), there.Close()
	}
	t.wg.Go(func() { carry(there, buffered) })
	t.wg.Go(func() { carry(here, there) })
}

// close ends all tunnels.
func (t *tunnels) close() {
	t.mu.Lock()
	t.closed = true
	for _, c := range t.open {
		_ = c.Close()
	}
	t.mu.Unlock()
	t.wg.Wait()
}

// newDialer returns a dialer that connects only to addresses that the rules allow. It
// checks each address as it connects, because names and redirections may lead elsewhere.
func newDialer(rules address.Rules) *net.Dialer {
	return &net.Dialer{Timeout: whipTimeout, Control: func(_, at string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(at)
		if err != nil {
			return err
		}
		return rules.Allows(to.Addr())
	}}
}

// routed returns the first IP to which this machine has a route, such as one of IPv4 on a machine
// without IPv6.
func routed(ctx context.Context, all []netip.Addr) netip.Addr {
	for _, ip := range all {
		// UDP sends nothing before the first packet.
		if conn, err := new(net.Dialer).DialContext(ctx, "udp", netip.AddrPortFrom(ip, 9).String()); err == nil {
			_ = conn.Close()
			return ip
		}
	}
	return all[0]
}
