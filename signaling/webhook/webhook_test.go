package webhook_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tilemix/mcu/event"
	"tilemix/mcu/mcutest/poll"
	"tilemix/signaling/webhook"
)

// TestDelivered reads an event as a receiver does.
func TestDelivered(t *testing.T) {
	r := receive(t)
	s := send(t, config(t, r.URL+"/in?key=hidden"))
	want := happen(s, 1)[0]
	g := r.next(t)
	if diff := cmp.Diff(want, g.event); diff != "" {
		t.Errorf("(-sent +received):\n%s", diff)
	}
	s.await(t, 1, events, "delivered", strings.TrimPrefix(r.URL, "http://")+"#1")
}

// TestOrder has a receiver fail, redirect, end connections and come back: every
// event comes, and none before the one before it was taken.
func TestOrder(t *testing.T) {
	elsewhere := receive(t)
	r := receive(t)
	s := send(t, config(t, r.URL+"/path?key=hidden"))
	faults := []http.HandlerFunc{
		status(http.StatusInternalServerError),
		status(http.StatusNotFound),
		func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, elsewhere.URL, http.StatusTemporaryRedirect)
		},
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for i, fault := range faults {
		r.respond(fault)
		more := happen(s, 3)
		for range 3 { // only the first of them
			if g := r.next(t); g.event.ID != more[0].ID {
				t.Fatalf("%v came before %v was taken", g.event, more[0])
			}
		}
		r.respond(nil)
		g := r.next(t)
		for g.event.ID == more[0].ID { // once more at least, and more often where attempts were on their way
			g = r.next(t)
		}
		if last := r.next(t); g.event.ID != more[1].ID || last.event.ID != more[2].ID {
			t.Fatalf("%v and %v came, not %v", g.event, last.event, more[1:])
		}
		s.await(t, float64(3*i+3), events, "delivered")
	}
	s.stop()
	if n := len(elsewhere.requests); n > 0 {
		t.Errorf("%d requests followed a redirection", n)
	}
	if log := s.log.String(); strings.Contains(log, "hidden") || strings.Contains(log, secret) {
		t.Errorf("a secret was logged: %s", log)
	}
	if n := strings.Count(s.log.String(), "takes no events"); n != len(faults) {
		t.Errorf("%d outages were logged, want %d: %s", n, len(faults), s.log)
	}
}

// TestHang has a receiver hang for longer than a request may take, and come back: every event comes, in order. An answer
// may come too late on a busy machine too, so events may come more than once.
func TestHang(t *testing.T) {
	r := receive(t)
	r.respond(func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() })
	cfg := config(t, r.URL)
	cfg.Timeout = 100 * time.Millisecond
	s := send(t, cfg)
	sent := happen(s, 3)
	for range 3 { // only the first of them
		if g := r.next(t); g.event.ID != sent[0].ID {
			t.Fatalf("%v came before %v was taken", g.event, sent[0])
		}
	}
	r.respond(nil)
	for came := 0; came < len(sent); {
		switch g := r.next(t); {
		case g.event.ID == sent[came].ID:
			came++
		case came == 0 || g.event.ID != sent[came-1].ID:
			t.Fatalf("%v came, not %v", g.event, sent[came])
		}
	}
	s.await(t, 3, events, "delivered")
	s.stop()
	if !strings.Contains(s.log.String(), "takes no events") {
		t.Errorf("the outage was not logged: %s", s.log)
	}
}

// TestApart has one receiver hang: the other does not notice.
func TestApart(t *testing.T) {
	hung, good := receive(t), receive(t)
	hung.respond(func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() })
	cfg := config(t, hung.URL, good.URL)
	cfg.Timeout, cfg.Quit = time.Hour, 10*time.Millisecond
	s := send(t, cfg)
	hung.requests <- got{} // so that the second is the first real one
	for _, want := range happen(s, 100) {
		if g := good.next(t); g.event.ID != want.ID {
			t.Fatalf("%v came, not %v", g.event, want)
		}
	}
	s.await(t, 100, queued)
}

// TestRestart stops a sender whose receiver is away: the next one delivers, in order,
// what was left, before what is new.
func TestRestart(t *testing.T) {
	r := receive(t)
	r.respond(status(http.StatusServiceUnavailable))
	cfg := config(t, r.URL)
	cfg.Wait, cfg.LongestWait = time.Hour, time.Hour
	first := send(t, cfg)
	sent := happen(first, 20)
	first.await(t, 1, attempts)
	if _, err := webhook.Open(cfg, slog.New(slog.DiscardHandler)); !errors.Is(err, webhook.ErrConfig) {
		t.Errorf("two processes have one folder: %v", err)
	}
	first.stop()
	r.next(t)
	r.respond(nil)
	second := send(t, cfg)
	sent = append(sent, happen(second, 5)...)
	for i, want := range sent {
		if g := r.next(t); g.event.ID != want.ID {
			t.Fatalf("event %d is %v, not %v", i, g.event, want)
		}
	}
	second.await(t, 0, queued)
	if left := files(t, cfg.Dir); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
}

// TestStop has events happen at the very end: they are delivered still.
func TestStop(t *testing.T) {
	r := receive(t)
	cfg := config(t, r.URL)
	cfg.Quit = time.Minute // not the speed of the machine
	s := send(t, cfg)
	sent := happen(s, 50)
	s.stop()
	for _, want := range sent {
		if g := r.next(t); g.event.ID != want.ID {
			t.Fatalf("%v came, not %v", g.event, want)
		}
	}
}

// TestFull has more events than may wait: the newest are kept, the others are counted.
func TestFull(t *testing.T) {
	r := receive(t)
	r.respond(status(http.StatusBadGateway))
	cfg := config(t, r.URL)
	cfg.MaxQueued, cfg.Wait, cfg.LongestWait = 10, time.Hour, time.Hour
	first := send(t, cfg)
	sent := happen(first, 30)
	first.await(t, 20, events, "dropped")
	first.stop()
	if left := files(t, cfg.Dir); len(left) != 10 {
		t.Errorf("%d files are left: %v", len(left), left)
	}
	for len(r.requests) > 0 {
		<-r.requests
	}
	r.respond(nil)
	send(t, cfg)
	for _, want := range sent[20:] {
		if g := r.next(t); g.event.ID != want.ID {
			t.Fatalf("%v came, not %v", g.event, want)
		}
	}
}

// TestGivenUp has events that are refused for good, and ones that get too old.
func TestGivenUp(t *testing.T) {
	r := receive(t)
	r.respond(status(http.StatusUnprocessableEntity))
	cfg := config(t, r.URL)
	s := send(t, cfg)
	happen(s, 3)
	s.await(t, 3, events, "failed")
	s.stop()

	r.respond(status(http.StatusInternalServerError))
	s = send(t, cfg)
	happen(s, 3)
	poll.Until(t, "three attempts", func() bool { return s.number(t, attempts) >= 3 })
	if n := s.number(t, events, "failed"); n > 0 {
		t.Errorf("%v were given up before their time", n)
	}
	cfg.MaxAge = time.Millisecond // they are older
	if err := s.Change(cfg); err != nil {
		t.Fatal(err)
	}
	s.await(t, 3, events, "failed")
}

// TestDiskGone takes the folder away: events are delivered from memory.
func TestDiskGone(t *testing.T) {
	r := receive(t)
	r.respond(status(http.StatusInternalServerError))
	cfg := config(t, r.URL)
	s := send(t, cfg)
	if err := os.RemoveAll(cfg.Dir); err != nil {
		t.Fatal(err)
	}
	happen(s, 5)
	s.await(t, 5, queued)
	r.respond(nil)
	s.await(t, 5, events, "delivered")
	s.stop()
	if n := strings.Count(s.log.String(), "in memory only"); n != 1 {
		t.Errorf("logged %d times: %s", n, s.log)
	}
}

// TestTorn finds a file that is no event and one that is nothing.
func TestTorn(t *testing.T) {
	r := receive(t)
	r.respond(status(http.StatusInternalServerError))
	cfg := config(t, r.URL)
	cfg.Wait, cfg.LongestWait = time.Hour, time.Hour
	first := send(t, cfg)
	sent := happen(first, 3)
	first.await(t, 3, queued)
	first.stop()
	left := files(t, cfg.Dir)
	if err := os.WriteFile(left[1], []byte(`{"id":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left[2]+"~", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for len(r.requests) > 0 {
		<-r.requests
	}
	r.respond(nil)
	second := send(t, cfg)
	for _, want := range []event.Event{sent[0], sent[2]} {
		if g := r.next(t); g.event.ID != want.ID {
			t.Errorf("%v came, not %v", g.event, want)
		}
	}
	second.await(t, 1, events, "dropped")
	second.await(t, 0, queued)
	if left := files(t, cfg.Dir); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
}

// TestRetryAfter has a receiver ask for time.
func TestRetryAfter(t *testing.T) {
	r := receive(t)
	r.respond(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	cfg := config(t, r.URL)
	cfg.LongestWait = time.Minute
	s := send(t, cfg)
	happen(s, 1)
	first, second := r.next(t), r.next(t)
	if d := second.at.Sub(first.at); d < 900*time.Millisecond {
		t.Errorf("asked again after %v", d)
	}
}

// TestPermit holds a sender to addresses that are permitted, also those of names.
func TestPermit(t *testing.T) {
	r := receive(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(r.URL, "http://"), ":")
	errPrivate := errors.New("is not to be reached")
	cfg := config(t, "http://localhost:"+port)
	cfg.Permit = func(ip netip.Addr) error {
		if ip.IsLoopback() {
			return errPrivate
		}
		return nil
	}
	s := send(t, cfg)
	happen(s, 1)
	poll.Until(t, "an attempt", func() bool { return s.number(t, attempts) > 0 })
	s.stop()
	if len(r.requests) > 0 || !strings.Contains(s.log.String(), errPrivate.Error()) {
		t.Errorf("%d requests came, log: %s", len(r.requests), s.log)
	}
	for _, target := range []string{r.URL, "http://[::ffff:127.0.0.1]/", "ftp://a/", "http:///x", "a.example.org", "http://a b/", ":"} {
		cfg := cfg
		cfg.URLs = []string{"https://hooks.example.org", target + "#hidden"}
		_, err := webhook.Open(cfg, slog.New(slog.DiscardHandler))
		if !errors.Is(err, webhook.ErrConfig) || !strings.Contains(err.Error(), "URL 2") || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", target, err)
		}
	}
	cfg.URLs = []string{"https://hooks.example.org"}
	for _, bad := range []string{"", "whsec_", "whsec_not base64"} {
		cfg.Secret = bad
		if _, err := webhook.Open(cfg, slog.New(slog.DiscardHandler)); !errors.Is(err, webhook.ErrConfig) {
			t.Errorf("with the secret %q: %v", bad, err)
		}
	}
}

// files are the events on disk, the oldest first.
func files(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}
