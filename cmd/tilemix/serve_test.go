package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"

	"go.uber.org/goleak"
)

// runFunc is rooms whose end the test decides.
type runFunc func(context.Context) error

func (f runFunc) Run(ctx context.Context) error { return f(ctx) }

func TestSuperviseEndsWithItsContext(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
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
		_, _ = io.WriteString(w, "still answered")
	})
	listener := listen(t)
	answered := make(chan string, 1)
	go func() { answered <- get(listener) }()
	if err := supervise(ctx, rooms, listener, pages, slog.New(slog.DiscardHandler)); err != nil {
		t.Errorf("supervise: %v", err)
	}
	if !roomsEnded {
		t.Error("rooms are still running")
	}
	if got := <-answered; got != "still answered" {
		t.Errorf("the request got %q", got)
	}
	if _, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		t.Error("the listener is still open")
	}
}

func TestSuperviseEndsWithItsRooms(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	broken := errors.New("broken")
	rooms := runFunc(func(context.Context) error { return broken })
	err := supervise(t.Context(), rooms, listen(t), http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if !errors.Is(err, broken) {
		t.Errorf("supervise: %v, want %v", err, broken)
	}
}

func TestSuperviseEndsWithItsListener(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	rooms := runFunc(func(ctx context.Context) error {
		<-ctx.Done()
		return nil
	})
	listener := listen(t)
	listener.Close()
	err := supervise(t.Context(), rooms, listener, http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if !errors.Is(err, net.ErrClosed) {
		t.Errorf("supervise: %v, want %v", err, net.ErrClosed)
	}
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
	go func() { answered <- get(listener) }()
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

// get returns the body that the server answers with, or the error.
func get(listener net.Listener) string {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
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
