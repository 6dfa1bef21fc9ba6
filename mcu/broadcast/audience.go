package broadcast

import (
	"context"
	"fmt"
	"hash/maphash"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"tilemix/mcu"
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
	waits atomic.Int64 // players that wait for a session

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

// announce sets the session that players can play; nil: none.
func (b *broadcast) announce(s *session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready = s
	close(b.news)
	b.news = make(chan struct{})
}

// await has a player wait for a session to play, until ctx or the broadcast ends. A broadcast on demand goes on as
// long as a player waits.
func (b *broadcast) await(ctx context.Context) (*session, error) {
	b.crowd.waits.Add(1)
	defer func() {
		b.touch()
		b.crowd.waits.Add(-1)
	}()
	for {
		b.mu.Lock()
		s, news := b.ready, b.news
		b.mu.Unlock()
		if s != nil {
			return s, nil
		}
		select {
		case <-news:
		case <-b.done:
			return nil, fmt.Errorf("broadcast of room %q: %w", b.room, mcu.ErrNotFound)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// touch records the request of a player. unasked is for how many nanoseconds there was none.
func (b *broadcast) touch()                      { b.asked.Store(b.base.At(time.Now())) }
func (b *broadcast) unasked(now time.Time) int64 { return b.base.At(now) - b.asked.Load() }
