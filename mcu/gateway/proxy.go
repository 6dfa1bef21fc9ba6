package gateway

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"tilemix/mcu/gateway/address"
)

// proxy runs an HTTP proxy for FFmpeg, while it reads by HTTP, that connects to nothing but what the
// rules let through, whatever names, redirections and playlists lead to. It returns the
// environment by which FFmpeg finds it.
func (g *Gateway) proxy(ctx context.Context, a address.Address) (env []string, stop func(), err error) {
	if a.Scheme() != "http" && a.Scheme() != "https" {
		return nil, func() {}, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, fmt.Errorf("listen: %w", err)
	}
	client := g.http()
	forward := &httputil.ReverseProxy{
		Rewrite: func(*httputil.ProxyRequest) {}, Transport: client.Transport, FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	tunnels := &tunnels{dial: client.Transport.(*http.Transport).DialContext}
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
	return []string{"http_proxy=http://" + listener.Addr().String()}, func() {
		_ = server.Close()
		tunnels.close()
		running.Wait()
		client.CloseIdleConnections()
	}, nil
}

// tunnels carry TLS.
type tunnels struct {
	dial func(ctx context.Context, network, addr string) (net.Conn, error)

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
