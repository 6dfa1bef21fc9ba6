package source

import (
	"maps"
	"net/netip"
	"sync"
	"time"
)

const (
	// maxPlayers (10,000) bounds the players that are remembered. A player beyond them uses its invite
	// with each request.
	maxPlayers = 10_000
	// away is how long a player may ask for nothing and is still the same one.
	away = 5 * time.Minute
)

// player is one player of HLS, as far as the server can tell players apart.
type player struct {
	room, by, agent string
	client          netip.Addr
}

// players are those that have used their invites. They are safe for concurrent use.
type players struct {
	mu   sync.Mutex
	seen map[player]time.Time
}

// has tells whether a player has asked before, and remembers that it asks now.
func (k *players) has(p player, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	last, ok := k.seen[p]
	if ok = ok && now.Sub(last) < away; ok {
		k.seen[p] = now
	}
	return ok
}

func (k *players) add(p player, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.seen) >= maxPlayers {
		maps.DeleteFunc(k.seen, func(_ player, last time.Time) bool { return now.Sub(last) >= away })
	}
	if len(k.seen) < maxPlayers {
		k.seen[p] = now
	}
}
