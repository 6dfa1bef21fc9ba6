package source

import (
	"net/netip"
	"strconv"
	"testing"
	"time"
)

// TestPlayers has players ask, pause, and be too many.
func TestPlayers(t *testing.T) {
	k, now := &players{seen: map[player]time.Time{}}, time.Unix(0, 0)
	ada := player{"demo", "invite:A", "hls.js", netip.MustParseAddr("192.0.2.1")}
	if k.has(ada, now) {
		t.Error("a player is known before its first request")
	}
	k.add(ada, now)
	for range 5 {
		if now = now.Add(away - time.Second); !k.has(ada, now) {
			t.Error("a player that goes on is not known")
		}
	}
	others := map[string]player{}
	for _, what := range []string{"room", "invite", "program", "address"} {
		others[what] = ada
	}
	change := func(what string, f func(*player)) {
		p := others[what]
		f(&p)
		others[what] = p
	}
	change("room", func(p *player) { p.room = "other" })
	change("invite", func(p *player) { p.by = "invite:B" })
	change("program", func(p *player) { p.agent = "VLC" })
	change("address", func(p *player) { p.client = netip.MustParseAddr("192.0.2.2") })
	for what, p := range others {
		if k.has(p, now) {
			t.Errorf("a player with another %s is taken for the same", what)
		}
	}
	if k.has(ada, now.Add(away)) {
		t.Error("a player that paused for long is still known")
	}
	for n := range maxPlayers + 5 {
		k.add(player{room: strconv.Itoa(n)}, now)
	}
	if len(k.seen) != maxPlayers {
		t.Errorf("%d players are remembered", len(k.seen))
	}
	late := now.Add(away)
	k.add(player{room: "late"}, late)
	if len(k.seen) != 1 || !k.has(player{room: "late"}, late) {
		t.Errorf("%d players are remembered after the pause", len(k.seen))
	}
}
