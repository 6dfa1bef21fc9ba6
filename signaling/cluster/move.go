package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"tilemix/mcu"
	"tilemix/signaling/cluster/directory"
)

const (
	reminder = 2 * time.Second // between two messages to those whose clients have not gone yet
	taking   = 3 * time.Second // for another node to take a room
	apart    = time.Second     // for which two nodes must know each other before a second room of one name goes
	atOnce   = 4               // rooms that begin to move in a beat
	retry    = 2 * time.Second // after a node has refused a room
	ending   = 5 * time.Second // after the last client has gone, for the room to end here
)

// moving is a room that is to go on at the node that gets it, or a piece of its record, and the answer.
type moving struct {
	record
	Last bool   `json:"last,omitempty"` // piece: the room may begin
	Err  string `json:"error,omitempty"`
}

// departure is a room that leaves this node.
type departure struct {
	to   string
	gone bool      // the other node has it
	told time.Time // its clients
	next time.Time // may be tried, after a refusal
	left time.Time // nobody has been here since; zero: somebody is
}

// mover has rooms of this node go on at others: all while it drains, and those that are in the cluster twice. The
// other node has a room's record before the clients are told to come. It is safe for concurrent use. A goroutine
// for each room that is about to go belongs to it, until the other node has answered.
type mover struct {
	cluster *Cluster
	at      sync.WaitGroup
	moved   atomic.Uint64 // rooms that others took
	yielded atomic.Uint64 // those of them that were there twice

	mu     sync.Mutex
	leaves map[string]*departure
	twice  map[string]time.Time // rooms that another node has too, since when this node knows
}

func newMover(c *Cluster) *mover {
	return &mover{cluster: c, leaves: map[string]*departure{}, twice: map[string]time.Time{}}
}

// to returns the node to which a room of this node has gone. One that is dead has it no more.
func (m *mover) to(room string) (node string, gone bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.leaves[room]
	if d == nil || !d.gone {
		return "", false
	}
	if n, known := m.cluster.roster.node(d.to, time.Now()); known && n.State == directory.Dead {
		return "", false
	}
	return d.to, true
}

// look begins what is to be moved, and reminds the clients of rooms that have gone. people are those in this node's
// rooms. Rooms without people are forgotten.
func (m *mover) look(ctx context.Context, people map[string]int, now time.Time) {
	for room, url := range m.remind(people, now) {
		m.cluster.cfg.Relocate(room, url)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	draining, begun := m.cluster.cfg.Draining(), 0
	for room := range people {
		if d := m.leaves[room]; begun >= atOnce || d != nil && (d.gone || now.Before(d.next)) {
			continue
		}
		if to := m.choose(room, draining, now); to != "" {
			begun++
			m.leaves[room] = &departure{to: to, next: now.Add(time.Hour)}
			m.at.Go(func() { m.move(ctx, room, to, draining) })
		}
	}
}

// remind returns the rooms whose clients are to be told again, with the URLs of their nodes, and ends departures.
func (m *mover) remind(people map[string]int, now time.Time) map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	late := map[string]string{}
	for room, d := range m.leaves {
		if !d.gone {
			continue
		}
		node, known := m.cluster.roster.node(d.to, now)
		switch _, there := people[room]; {
		case !there && d.left.IsZero():
			d.left = now
		case !there && now.Sub(d.left) < ending:
		case !there:
			delete(m.leaves, room)
			m.cluster.keeper.end(room)
		case known && node.State == directory.Dead: // it is this node's again
			delete(m.leaves, room)
			m.cluster.keeper.stay(room)
			m.cluster.Changed()
		case now.Sub(d.told) >= reminder:
			d.told = now
			late[room] = node.URL
		}
	}
	return late
}

// going returns the rooms that have left this node, and where to.
func (m *mover) going() map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string]string{}
	for room, d := range m.leaves {
		if d.gone {
			all[room] = d.to
		}
	}
	return all
}

// leaving tells whether a room has gone, or is about to.
func (m *mover) leaving(room string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.leaves[room]
	return d != nil && (d.gone || time.Until(d.next) > retry)
}

// choose returns where a room is to go, "": nowhere. The caller holds the lock.
func (m *mover) choose(room string, draining bool, now time.Time) string {
	c := m.cluster
	home, ok := c.roster.home(room, now)
	if !ok || home.ID == c.cfg.ID || home.State != directory.Serving {
		delete(m.twice, room)
	} else if since, known := m.twice[room]; !known {
		m.twice[room] = now
	} else if now.Sub(since) >= apart {
		return home.ID
	}
	if !draining {
		return ""
	}
	to, err := c.roster.elsewhere(now)
	if err != nil {
		return ""
	}
	return to
}

// move has another node take a room, and then tells its clients.
func (m *mover) move(ctx context.Context, room, to string, draining bool) {
	err := m.hand(ctx, room, to)
	c := m.cluster
	m.mu.Lock()
	d := m.leaves[room]
	if err != nil {
		d.next = time.Now().Add(retry)
		m.mu.Unlock()
		c.log.Warn("a room stays, because another node does not take it", "room", room, "node", to, "reason", err)
		return
	}
	d.gone, d.told = true, time.Now()
	delete(m.twice, room)
	m.mu.Unlock()
	m.moved.Add(1)
	if !draining {
		m.yielded.Add(1)
	}
	c.log.Info("a room goes on at another node", "room", room, "node", to)
	c.keeper.leave(room)
	c.Changed()
	node, _ := c.roster.node(to, time.Now())
	c.cfg.Relocate(room, node.URL)
}

// hand gives the record of a room to a node, which then has the room.
func (m *mover) hand(ctx context.Context, room, to string) error {
	pieces := m.cluster.keeper.whole(room)
	for i, p := range pieces {
		question, err := json.Marshal(moving{record: p, Last: i == len(pieces)-1})
		if err != nil {
			return err
		}
		trial, cancel := context.WithTimeout(ctx, taking)
		data, err := m.cluster.bus.Ask(trial, toTake+to, question)
		cancel()
		if err != nil {
			return err
		}
		var a moving
		if err := json.Unmarshal(data, &a); err != nil {
			return err
		}
		if a.Err != "" {
			return errors.New(a.Err)
		}
	}
	return nil
}

// take takes a room of another node.
func (m *mover) take(data []byte) []byte {
	var p, a moving
	if err := json.Unmarshal(data, &p); err != nil || mcu.CheckRoomName(p.Room) != nil {
		return nil
	}
	c := m.cluster
	if m.leaving(p.Room) || c.cfg.Draining() && !c.cfg.Has(p.Room) {
		a.Err = "the node gives the room away itself, or drains"
	} else if c.keeper.hear(p.record, time.Now()); p.Last {
		c.begin(p.Room, time.Now())
	}
	answer, err := json.Marshal(a)
	if err != nil {
		return nil
	}
	return answer
}
