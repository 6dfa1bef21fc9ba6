package cluster

import (
	"context"
	"encoding/json"
	"time"

	"tilemix/signaling/cluster/directory"
	"tilemix/signaling/cluster/place"
)

// placing is a question to the arbiter of a name, and its answer.
type placing struct {
	Room string `json:"room,omitempty"`
	Dead string `json:"dead,omitempty"` // the run of a home that refuses connections
	Of   string `json:"of,omitempty"`   // the ID of that home
	Node string `json:"node,omitempty"` // the room's home
	Err  string `json:"error,omitempty"`
}

// place decides as the arbiter of a name. A room whose home is dead begins where its record is: here, because
// the arbiter is a standby too.
func (c *Cluster) place(room string, now time.Time) (string, error) {
	if _, lives := c.roster.home(room, now); !lives && c.keeper.has(room, now) && !c.cfg.Draining() {
		return c.cfg.ID, nil
	}
	return c.roster.place(room, now)
}

// begin has a room begin here, with what its home before has left.
func (c *Cluster) begin(room string, now time.Time) {
	c.beginning.Lock()
	defer c.beginning.Unlock()
	has := c.cfg.Has(room)
	if left := c.keeper.take(room, now); left != nil {
		c.adopted.Add(1)
		c.log.Info("a room goes on that another node had", "room", room, "kept", len(left))
		if has {
			delete(left, "room/"+room) // the room here stays as it is
		}
		c.cfg.Adopt(room, has, left)
	}
	if !has {
		c.roster.open(room, now)
	}
	c.Changed()
}

// Follow takes a change of what outlasts a crash of this server: a key of its journal, and a value, or nil once
// it is no more. It never blocks.
func (c *Cluster) Follow(key string, value json.RawMessage) { c.keeper.follow(key, value) }

// send gives the standbys of this node's rooms what has changed, or all.
func (c *Cluster) send(all bool, now time.Time) {
	pieces := c.keeper.due(all)
	if len(pieces) == 0 {
		return
	}
	var living []string
	for _, n := range c.roster.all(now) {
		if n.State == directory.Serving {
			living = append(living, n.ID)
		}
	}
	for _, p := range pieces {
		for _, id := range place.Standbys(p.Room, c.cfg.ID, living) {
			c.tell(toKeep+id, p)
		}
	}
}

func (c *Cluster) hearRecord(_ string, data []byte) {
	var p record
	if json.Unmarshal(data, &p) == nil {
		c.keeper.hear(p, time.Now())
	}
}

func (c *Cluster) answerPlace(data []byte) []byte {
	var q placing
	if err := json.Unmarshal(data, &q); err != nil {
		return nil
	}
	if q.Dead != "" {
		c.spread.probe(q.Of, q.Dead)
	}
	a := placing{}
	id, err := c.place(q.Room, time.Now())
	if a.Node = id; err != nil {
		a.Err = err.Error()
	}
	answer, err := json.Marshal(a)
	if err != nil {
		return nil
	}
	return answer
}

// known returns the home of a room, where this node knows one.
func (c *Cluster) known(room string, now time.Time) (id string, ok bool) {
	if c.cfg.Has(room) || c.roster.opens(room, now) {
		return c.cfg.ID, true
	}
	home, ok := c.roster.home(room, now)
	return home.ID, ok
}

// find returns the home of a room: this node's ID, or another's. Where there is none, a room that may not
// begin is this node's, which knows how to say that there is none. dead is a home that could not be reached, if
// any. The error is place.ErrFull.
func (c *Cluster) find(ctx context.Context, room string, opens bool, dead directory.Node) (string, error) {
	if id, ok := c.known(room, time.Now()); ok {
		return id, nil
	}
	if !opens {
		return c.cfg.ID, nil
	}
	select {
	case <-c.settled:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	id, err := c.ask(ctx, placing{Room: room, Of: dead.ID, Dead: dead.Run})
	if err == nil && id == c.cfg.ID {
		c.begin(room, time.Now())
	}
	return id, err
}

// ask asks the arbiter of a name. If no arbiter answers, the room begins here: a cluster that is split goes on
// in all its parts.
func (c *Cluster) ask(ctx context.Context, q placing) (string, error) {
	question, err := json.Marshal(q)
	if err != nil {
		return "", err
	}
	for range tries {
		arbiter := c.roster.arbiter(q.Room, time.Now())
		if arbiter == c.cfg.ID {
			return c.place(q.Room, time.Now())
		}
		trial, cancel := context.WithTimeout(ctx, asking)
		data, err := c.bus.Ask(trial, toPlace+arbiter, question)
		cancel()
		var a placing
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case err != nil || json.Unmarshal(data, &a) != nil:
			c.log.Warn("the arbiter of a room does not answer", "room", q.Room, "node", arbiter, "reason", err)
			if id, ok := c.known(q.Room, time.Now()); ok && id != q.Of { // it has begun meanwhile
				return id, nil
			}
			continue
		case a.Err != "":
			return "", place.ErrFull
		}
		return a.Node, nil
	}
	return c.cfg.ID, nil
}

// Nodes returns all nodes that this one knows.
func (c *Cluster) Nodes() []directory.Node { return c.roster.all(time.Now()) }

// Gone tells whether a room of this node goes on at another, so that what ends here of it does not end.
func (c *Cluster) Gone(room string) bool {
	_, gone := c.mover.to(room)
	return gone
}

// Peers returns the origins of the other nodes that live.
func (c *Cluster) Peers() []string { return c.roster.origins(time.Now()) }
