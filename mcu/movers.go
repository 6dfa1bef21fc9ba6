package mcu

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"tilemix/mcu/policy"
	"tilemix/mcu/room"
	"tilemix/mcu/rules"
)

// movers are the participants that have moved and not left. Their clients may come back by the name
// of a room that they were in, because the news of the move may have been lost with the connection.
// They are safe for concurrent use. The zero value is ready.
type movers struct {
	mu  sync.Mutex
	set map[*Participant]struct{}
}

// mayMove returns why a participant may not be moved to a room with these rules, if so. bars tells whether
// somebody is banned from a room; nil: nobody is.
func mayMove(bars func(room string, who policy.Ban) error, ruled rules.Terms, p *Participant, to string) error {
	if !ruled.Vouched() && p.Home() != to {
		return fmt.Errorf("%w: room %q lets clients in by %s only: send an invite", policy.ErrForbidden, to, ruled.Auth)
	}
	if bars == nil {
		return nil
	}
	if err := bars(to, p.Traits()); err != nil {
		return fmt.Errorf("%w: the participant may not enter room %q: %w", policy.ErrForbidden, to, err)
	}
	return nil
}

// add keeps a participant until it leaves.
func (v *movers) add(p *Participant) {
	v.mu.Lock()
	if v.set == nil {
		v.set = make(map[*Participant]struct{})
	}
	v.set[p] = struct{}{}
	v.mu.Unlock()
	p.AfterLeave(func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.set, p)
	})
}

func (v *movers) all() []*Participant {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Collect(maps.Keys(v.set))
}

// resume brings back the one that has a resume token. Errors are those of [room.Participant.Resume].
func (v *movers) resume(o room.Options, token string) (*Participant, int, error) {
	for _, p := range v.all() {
		if number, err := p.Resume(o, token); !errors.Is(err, ErrNotFound) {
			return p, number, err
		}
	}
	return nil, 0, fmt.Errorf("resume: %w", ErrNotFound)
}

// grant returns what the one may do that has a resume token, or ErrNotFound.
func (v *movers) grant(token string) (policy.Grant, error) {
	for _, p := range v.all() {
		if g, err := p.Grant(token); err == nil {
			return g, nil
		}
	}
	return policy.Grant{}, fmt.Errorf("resume token: %w", ErrNotFound)
}
