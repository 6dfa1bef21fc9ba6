package broadcast

import (
	"fmt"
	"net/http"
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
