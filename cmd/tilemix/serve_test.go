package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// runFunc is rooms whose end the test decides.
type runFunc func(context.Context) error

func (f runFunc) Run(ctx context.Context) error { return f(ctx) }

// mouth is a listener within the process, whose connections are pipes. It is the test's own network, so that time may stand
// still while anybody has something to do (testing/synctest).
type mouth struct {
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func open() *mouth {
	done := make(chan struct{})
	return &mouth{make(chan net.Conn), done, sync.OnceFunc(func() { close(done) })}
}

func (m *mouth) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

func (m *mouth) Close() error   { m.close(); return nil }
func (m *mouth) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

func (m *mouth) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case m.conns <- far:
		return near, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

// TestSuperviseEndsWithItsContext: a request on its way is answered, and the server leaves no goroutine, which synctest waits
// for.
func TestSuperviseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		roomsEnded := false
		rooms := runFunc(func(ctx context.Context) error {
			<-ctx.Done()
			roomsEnded = true
			return ctx.Err()
		})
		pages := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			cancel() // while this request is on its way
			<-r.Context().Done()
			time.Sleep(quitTimeout / 2)
			_, _ = io.WriteString(w, "still answered")
		})
		listener := open()
		answered := make(chan string, 1)
		go func() { answered <- get(listener, listener.dial) }()
		if err := supervise(ctx, rooms, listener, pages, slog.New(slog.DiscardHandler)); err != nil {
			t.Errorf("supervise: %v", err)
		}
		if !roomsEnded {
			t.Error("rooms are still running")
		}
		if got := <-answered; got != "still answered" {
			t.Errorf("the request got %q", got)
		}
		if _, err := listener.dial(ctx, "", ""); err == nil {
			t.Error("the listener is still open")
		}
	})
}

func TestSuperviseEndsWithItsRooms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		rooms := runFunc(func(context.Context) error { return broken })
		err := supervise(t.Context(), rooms, open(), http.NotFoundHandler(), slog.New(slog.DiscardHandler))
		if !errors.Is(err, broken) {
			t.Errorf("supervise: %v, want %v", err, broken)
		}
	})
}

func TestSuperviseEndsWithItsListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rooms := runFunc(func(ctx context.Context) error {
			<-ctx.Done()
			return nil
		})
		listener := open()
		_ = listener.Close()
		err := supervise(t.Context(), rooms, listener, http.NotFoundHandler(), slog.New(slog.DiscardHandler))
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("supervise: %v, want %v", err, net.ErrClosed)
		}
	})
}

// TestSuperviseEndsAfterItsListener: what stands before the pages, such as TLS, may close the listener as
// the server ends.
func TestSuperviseEndsAfterItsListener(t *testing.T) {
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		listener := listen(t)
		rooms := runFunc(func(ctx context.Context) error {
			<-ctx.Done()
			_ = listener.Close()
			return nil
		})
		go cancel()
		if err := supervise(ctx, rooms, listener, http.NotFoundHandler(), slog.New(slog.DiscardHandler)); err != nil {
			t.Fatalf("the server ends with %v", err)
		}
	}
}

// TestEveryStepHasItsTime: a client that sends or reads nothing holds no connection
// for ever.
func TestEveryStepHasItsTime(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	rooms := runFunc(func(ctx context.Context) error {
		<-ctx.Done()
		return nil
	})
	pages := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		defer cancel()
		server := r.Context().Value(http.ServerContextKey).(*http.Server)
		if server.MaxHeaderBytes <= 0 || server.MaxHeaderBytes > 64<<10 {
			t.Errorf("a header may have %d bytes", server.MaxHeaderBytes)
		}
		if server.ReadHeaderTimeout <= 0 || server.WriteTimeout <= 0 || server.IdleTimeout <= 0 {
			t.Errorf("header %v, answer %v, idle %v", server.ReadHeaderTimeout, server.WriteTimeout, server.IdleTimeout)
		}
	})
	listener := listen(t)
	answered := make(chan string, 1)
	go func() { answered <- get(listener, nil) }()
	if err := supervise(ctx, rooms, listener, pages, slog.New(slog.DiscardHandler)); err != nil {
		t.Errorf("supervise: %v", err)
	}
	<-answered
}

func TestAddress(t *testing.T) {
	for _, test := range []struct{ bind, host string }{
		{":0", "localhost"},
		{"0.0.0.0:0", "localhost"},
		{"127.0.0.1:0", "127.0.0.1"},
		{"[::1]:0", "[::1]"},
	} {
		listener, err := net.Listen("tcp", test.bind)
		if err != nil {
			t.Logf("%s: %v", test.bind, err) // a machine without IPv6
			continue
		}
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		if got, want := address("http", listener), "http://"+test.host+":"+port; got != want {
			t.Errorf("%s: got %s, want %s", test.bind, got, want)
		}
		listener.Close()
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// get returns the body that the server answers with, or the error. A nil dial is the network's.
func get(listener net.Listener, dial func(ctx context.Context, network, address string) (net.Conn, error)) string {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: dial}}
	response, err := client.Get(address("http", listener))
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}
