package gateway

import (
	"fmt"
	"net/netip"
	"time"
)

// solitude judges rooms that have inputs and no people. Such rooms are few and do not last, because
// otherwise anybody could fill the server with them and need not stay. It is safe for concurrent use.
type solitude struct{ *Gateway }

// fromShare is the share of the server's links, one in four, that one address may have.
const fromShare = 4

// opens returns an error if an input cannot be added to a room, or cannot open it.
func (g solitude) opens(room string, from netip.Prefix) error {
	alone, people := g.alone()
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := quota(g).space(Input, room, from); err != nil {
		return err
	}
	if _, is := alone[room]; !is && !people[room] && len(alone) >= g.cfg.MaxAlone {
		return fmt.Errorf("%w: %d rooms have inputs and no people, so join the room first", ErrTooMany, len(alone))
	}
	return nil
}

// lone is a room that has inputs and no people.
type lone struct {
	up    bool      // one of its inputs is up
	since time.Time // when the oldest was added
}

// alone returns the rooms that have inputs and no people, and which rooms have people. A participant
// who has not connected yet counts, for 20 s.
func (g solitude) alone() (alone map[string]lone, people map[string]bool) {
	fed, all := map[string]int{}, map[string]lone{}
	g.mu.Lock()
	for _, l := range g.links {
		i := l.Info()
		if i.Kind != Input {
			continue
		}
		fed[i.Room]++
		room := all[i.Room]
		if room.since.IsZero() || i.Since.Before(room.since) {
			room.since = i.Since
		}
		room.up = room.up || i.State == Up
		all[i.Room] = room
	}
	g.mu.Unlock()
	alone, people = map[string]lone{}, map[string]bool{}
	for _, r := range g.rooms() {
		if r.Participants+r.Viewers > fed[r.Name] {
			people[r.Name] = true
		} else if fed[r.Name] > 0 {
			alone[r.Name] = all[r.Name]
		}
	}
	return alone, people
}

// haste is after which part of Config.Futile an input that never was up leaves, if more rooms are
// without people than may be, and its room is one of the newest.
const haste = 10

// futile reports whether an input has to give up, which was never up, or is down for a time.
func (g solitude) futile(room string, ever bool, down time.Duration) bool {
	if down < g.cfg.Futile/haste {
		return false
	}
	alone, _ := g.alone()
	own, is := alone[room]
	if down >= g.cfg.Futile {
		return !ever || is && !own.up
	}
	older := 0
	for _, other := range alone {
		if other.since.Before(own.since) {
			older++
		}
	}
	return !ever && is && older >= g.cfg.MaxAlone
}

// maxPast is how many links are remembered that have given up.
const maxPast = 64

// past has the links that have given up last, so that a client which asks learns why. The caller of its
// methods holds Gateway.mu.
type past struct {
	infos [maxPast]Info
	next  int
}

func (p *past) add(i Info) {
	p.infos[p.next] = i
	p.next = (p.next + 1) % maxPast
}

func (p *past) find(kind Kind, room, id string) (Info, bool) {
	for _, i := range p.infos {
		if i.ID == id && i.Kind == kind && i.Room == room {
			return i, true
		}
	}
	return Info{}, false
}
