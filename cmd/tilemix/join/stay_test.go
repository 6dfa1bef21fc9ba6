package join

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/rtc/client"
	"tilemix/mcu/rtc/whip"
)

// TestStalls has nothing come. The client stays while the server has its session, and ends once a server that was
// started anew has not. It asks again after each question, because an answer may come too late for it.
func TestStalls(t *testing.T) {
	c := newCall(&Command{}, io.Discard)
	var patched atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			w.Header().Set("Location", "/whip/demo/1")
			w.WriteHeader(http.StatusCreated)
		case patched.Add(1) == 1:
			w.WriteHeader(http.StatusUnsupportedMediaType)
			c.stall()
		default:
			w.WriteHeader(http.StatusNotFound)
			c.stall()
		}
	}))
	defer server.Close()
	conn, err := client.New(c.config())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s := &stay{c, conn, whip.New(server.Client(), whip.Room(server.URL, "demo", "Ada", false))}
	if _, err := s.session.Exchange(t.Context(), "offer"); err != nil {
		t.Fatal(err)
	}
	c.stall()
	ctx, cancel := context.WithTimeout(t.Context(), 45*time.Second)
	defer cancel()
	if _, err := s.run(ctx); !errors.Is(err, client.ErrLost) || patched.Load() < 2 {
		t.Errorf("after %d questions: %v", patched.Load(), err)
	}
}

// TestRebased: a client that came by the server's own address goes to the other's. One that came by a name that
// servers share keeps it.
func TestRebased(t *testing.T) {
	const at = "http://a.test:8080/whip/demo?name=Ada&resume=secret"
	for _, test := range []struct {
		from, to, want string
	}{
		{"http://a.test:8080", "http://b.test:9090", "http://b.test:9090/whip/demo?name=Ada&resume=secret"},
		{"http://a.test:8080", "https://b.test", "https://b.test/whip/demo?name=Ada&resume=secret"},
		{"http://a.test", "http://b.test:9090", at},
		{"https://a.test:8080", "http://b.test:9090", at},
		{"http://localhost:8080", "http://localhost:8080", at},
		{"http://a.test:8080", "", at},
		{"", "http://b.test:9090", at},
		{"http://a.test:8080", "http://%zz", at},
	} {
		if got := rebased(at, control.Relocate{From: test.from, URL: test.to}); got != test.want {
			t.Errorf("from %q to %q: %q, want %q", test.from, test.to, got, test.want)
		}
	}
}

// TestTakes: which of several connections the recording is of.
func TestTakes(t *testing.T) {
	r := &recording{closed: true} // nothing is written
	is := func(what string, want *take) {
		t.Helper()
		if r.latest != want {
			t.Errorf("%s: the recording is of another connection", what)
		}
	}
	a := r.take()
	a.begin()
	is("the first connection", a)
	b := r.take()
	is("the second has sent nothing", a)
	b.begin()
	is("the second has sent a key frame", b)
	a.begin()
	is("the first sends on", b)
	r.renew(1)
	c := r.take()
	is("a third has sent nothing", b)
	r.renew(0)
	c.begin()
	is("the third has sent a key frame", c)
}
