package broadcast

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestAudience counts players once each, until they are silent for stay, and never more than there is
// room for.
func TestAudience(t *testing.T) {
	a, now := newAudience(), time.Unix(1, 0)
	see := func(address, agent string) {
		r := &http.Request{RemoteAddr: address, Header: http.Header{"User-Agent": {agent}}}
		a.note(r, now)
	}
	for range 3 {
		see("192.0.2.1:1000", "Safari")
		see("192.0.2.1:1001", "Safari") // another connection of it
		see("192.0.2.1:1002", "VLC")
		see("2001:db8::1", "Safari")
	}
	if n := a.count(now); n != 3 {
		t.Errorf("%d players, not 3", n)
	}
	now = now.Add(stay)
	see("192.0.2.1:1003", "VLC")
	now = now.Add(time.Second)
	if n := a.count(now); n != 1 {
		t.Errorf("%d players are left, not 1", n)
	}
	for n := range mostPlayers + 10 {
		see(fmt.Sprint("192.0.2.", n), "x")
	}
	if n := a.count(now); n != mostPlayers {
		t.Errorf("%d players", n)
	}
}

// TestPlayerWaits: a broadcast on demand goes on while a player waits for its first segment, and ends once the player is
// gone.
func TestPlayerWaits(t *testing.T) {
	cfg := Default()
	cfg.OnDemand, cfg.Idle = true, 50*time.Millisecond
	s := newStage(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan error, 1)
	go func() {
		answered <- s.Serve(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil), "live", index)
	}()
	state := func(want State) func() bool {
		return func() bool {
			i, err := s.Get("live")
			return err == nil && i.State == want
		}
	}
	s.await("it to begin", state(Starting))
	select {
	case err := <-answered:
		t.Fatalf("it ended under a player: %v", err)
	case <-time.After(10 * cfg.Idle):
	}
	cancel()
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Errorf("a player that left: %v", err)
	}
	s.await("it to end", state(Off))
}
