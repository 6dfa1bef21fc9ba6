package webhook_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"tilemix/signaling/webhook"
)

// TestChange has a sender go from one receiver to another while it runs, and back: what waited for the first
// comes then, in order, and requests have the new secret. What cannot be changes nothing.
func TestChange(t *testing.T) {
	first, second := receive(t), receive(t)
	s := send(t, config(t, first.URL))
	first.respond(status(http.StatusServiceUnavailable))
	waits := happen(s, 2)
	first.next(t)

	to := config(t, second.URL)
	to.Secret = "another"
	if err := s.Change(to); err != nil {
		t.Fatal(err)
	}
	sent := happen(s, 1)[0]
	g := second.next(t)
	if g.event.ID != sent.ID {
		t.Errorf("the second gets %v, not %v", g.event, sent)
	}
	verifier, err := standardwebhooks.NewWebhookRaw([]byte("another"))
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.Verify(g.body, g.header); err != nil {
		t.Errorf("the new secret did not sign: %v", err)
	}

	bad := to
	bad.URLs = []string{"ftp://a"}
	if err := s.Change(bad); !errors.Is(err, webhook.ErrConfig) {
		t.Errorf("a URL that cannot be: %v", err)
	}
	sent = happen(s, 1)[0]
	if g := second.next(t); g.event.ID != sent.ID {
		t.Errorf("after a bad change the second gets %v, not %v", g.event, sent)
	}

	first.respond(nil)
	to.URLs = []string{second.URL, first.URL}
	if err := s.Change(to); err != nil {
		t.Fatal(err)
	}
	var got []string
	for len(got) < 2 {
		g := first.next(t)
		if id := g.event.ID; !strings.Contains(strings.Join(got, " "), id) { // those that failed come again
			got = append(got, id)
		}
	}
	if got[0] != waits[0].ID || got[1] != waits[1].ID {
		t.Errorf("the first gets %v, not %v", got, waits)
	}
	s.await(t, 2, events, "delivered", strings.TrimPrefix(second.URL, "http://")+"#1") // counted on
	s.await(t, 2, events, "delivered", strings.TrimPrefix(first.URL, "http://")+"#2")
	s.stop()
	if err := s.Change(to); err != nil {
		t.Errorf("after its end: %v", err)
	}
}

// TestChangeOrder posts events and changes the receiver at once, to and fro: what was posted before a change goes to the
// receiver of before.
func TestChangeOrder(t *testing.T) {
	receivers := []*receiver{receive(t), receive(t)}
	cfg := config(t, receivers[0].URL)
	s := send(t, cfg)
	posted := [2]map[string]bool{{}, {}}
	for round := range 20 {
		for _, e := range happen(s, 5) {
			posted[round%2][e.ID] = true
		}
		cfg.URLs = []string{receivers[(round+1)%2].URL}
		if err := s.Change(cfg); err != nil {
			t.Fatal(err)
		}
	}
	cfg.URLs = []string{receivers[0].URL, receivers[1].URL}
	if err := s.Change(cfg); err != nil {
		t.Fatal(err)
	}
	s.await(t, 0, queued)
	for n, r := range receivers {
		for got := map[string]bool{}; len(got) < len(posted[n]); {
			id := r.next(t).event.ID // what was being sent at a change may come twice
			if !posted[n][id] {
				t.Fatalf("receiver %d gets what was posted while the other was set", n)
			}
			got[id] = true
		}
	}
}
