package broadcast

import (
	"hash/maphash"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// A player is there for stay (10 s) after its last playlist. Players ask for one at least once in
	// a segment, which has about 2 s.
	stay = 10 * time.Second
	// mostPlayers (20,000) are told apart in a room; further ones are not counted.
	mostPlayers = 20_000
)

// audience counts the players of a broadcast by their addresses and programs. It keeps hashes only. It
// is safe for concurrent use.
type audience struct {
	mu   sync.Mutex
	seed maphash.Seed
	seen map[uint64]time.Time
}

func newAudience() *audience {
	return &audience{seed: maphash.MakeSeed(), seen: map[uint64]time.Time{}}
}

// note takes note of a player's request. RemoteAddr is the address of the player, with or without a port.
func (a *audience) note(r *http.Request, now time.Time) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	key := maphash.String(a.seed, host+"\n"+r.UserAgent()+"\n"+r.Header.Get("Accept-Language"))
	if _, known := a.seen[key]; known || len(a.seen) < mostPlayers {
		a.seen[key] = now
	}
}

// count returns how many players there are, and forgets the others.
func (a *audience) count(now time.Time) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, at := range a.seen {
		if now.Sub(at) > stay {
			delete(a.seen, key)
		}
	}
	return len(a.seen)
}
