package signaling_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tilemix/mcu/mcutest/poll"
	"tilemix/signaling"
)

func TestMain(m *testing.M) { poll.Main(whole{m}) }

var quiet = slog.New(slog.DiscardHandler)

// serve runs the HTTP side of a server until the test ends, and returns its URL.
func serve(t testing.TB, srv signaling.Server, cfg signaling.Config) string {
	t.Helper()
	return serveLogged(t, srv, cfg, quiet)
}

func serveLogged(t testing.TB, srv signaling.Server, cfg signaling.Config, log *slog.Logger) string {
	t.Helper()
	return serveHandler(t, handler(t, srv, cfg, log))
}

// serveHandler runs a server of a handler until the test ends, and returns its URL.
func serveHandler(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Listener = smallBuffers{s.Listener}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// open is a configuration that lets pages of every origin use WHIP, WHEP and HLS.
func open() signaling.Config {
	cfg := signaling.Default()
	cfg.Origins = []string{"*"}
	return cfg
}

// handler returns the HTTP side of a server.
func handler(t testing.TB, srv signaling.Server, cfg signaling.Config, log *slog.Logger) http.Handler {
	t.Helper()
	h, err := signaling.New(srv, cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// smallBuffers makes a client that does not read felt early.
type smallBuffers struct{ net.Listener }

func (l smallBuffers) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		err = c.(*net.TCPConn).SetWriteBuffer(4096)
	}
	return c, err
}

// reply is an HTTP response with its body read.
type reply struct {
	*http.Response
	body string
}

// do makes a request; header is a list of names and values. An answer that is not as the API's
// description says fails the test.
func do(t testing.TB, method, url, body string, header ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := reply{resp, string(data)}
	described(t, answer)
	return answer
}

// want fails the test unless a reply has this status.
func (r reply) want(t testing.TB, status int) {
	t.Helper()
	if r.StatusCode != status {
		t.Fatalf("%s %s: %s %q, want %d", r.Request.Method, r.Request.URL.Path, r.Status, r.body, status)
	}
}
