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

func (c *Cluster) answerPlace(data []byte) []byte {
	var q placing
	if err := json.Unmarshal(data, &q); err != nil {
		return nil
	}
	if q.Dead != "" {
		c.spread.probe(q.Of, q.Dead)
	}
	a := placing{}
	id, err := c.roster.place(q.Room, time.Now())
	if a.Node = id; err != nil {
		a.Err = err.Error()
	}
	answer, err := json.Marshal(a)
	if err != nil {
		return nil
	}
	return answer
}

// find returns the home of a room: this node's ID, or another's. Where there is none, a room that may not
// begin is this node's, which knows how to say that there is none. dead is a home that could not be reached, if
// any. The error is place.ErrFull.
func (c *Cluster) find(ctx context.Context, room string, opens bool, dead directory.Node) (string, error) {
	now := time.Now()
	if c.cfg.Has(room) || c.roster.opens(room, now) {
		return c.cfg.ID, nil
	}
	if home, ok := c.roster.home(room, now); ok {
		return home.ID, nil
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
		c.roster.open(room, time.Now())
		c.Changed()
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
			return c.roster.place(q.Room, time.Now())
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
