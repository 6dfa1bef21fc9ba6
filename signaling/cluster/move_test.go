package cluster_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
)

// rover is a client that goes where its room goes, make before break.
type rover struct {
	t      *testing.T
	name   string
	mu     sync.Mutex
	client *rtctest.Client // the newest
	again  string
	moves  int // begun
	busy   bool
}

// rove has a client join the room demo at a node, and go where the room goes until the test ends.
func rove(t *testing.T, n *node, name string) *rover {
	t.Helper()
	r := &rover{t: t, name: name}
	if err := r.connect(n.url + "/whip/demo?name=" + name); err != nil {
		t.Fatalf("%s enters at %s: %v", name, n.id, err)
	}
	return r
}

// connect makes a connection, and closes the one before once it stands.
func (r *rover) connect(url string) error {
	w := &whip{url: url}
	c := rtctest.New(r.t, rtctest.Options{NoDecode: true, Message: r.hear})
	if _, err := c.Connect(r.t.Context(), w); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client != nil {
		r.client.Close()
	}
	r.client, r.again = c, w.again
	return nil
}

func (r *rover) hear(data []byte) {
	if m, err := control.Decode(data); err == nil && m.Type() == "relocate" {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.busy {
			return
		}
		r.busy = true
		r.moves++
		url := r.again
		go func() {
			if err := r.connect(url); err != nil && r.t.Context().Err() == nil {
				r.t.Logf("%s goes to %s: %v", r.name, url, err)
			}
			r.mu.Lock()
			r.busy = false
			r.mu.Unlock()
		}()
	}
}

// seated returns the IDs of those in the room demo at a node, in order, with their names.
func seated(n *node) (all []string) {
	h, err := n.rooms.Room("demo")
	if err != nil {
		return nil
	}
	people, err := h.Attendees("")
	if err != nil {
		return nil
	}
	for _, a := range people {
		all = append(all, a.Name+" "+a.ID)
	}
	return all
}

// TestDrain: a node that drains gives its room to another. All clients go there as who they are, in the order of
// their tiles, by the node that they know. Nobody is told that they left.
func TestDrain(t *testing.T) {
	nodes := three(t)
	rove(t, nodes[0], "Ada")
	poll.Until(t, "the room begins", func() bool { return len(homes(nodes, "demo")) == 1 })
	at := slices.IndexFunc(nodes, func(n *node) bool { return n.id == homes(nodes, "demo")[0] })
	old := nodes[at]
	poll.Until(t, "Ada is there", func() bool { return len(seated(old)) == 1 })
	rove(t, nodes[1], "Ben")
	poll.Until(t, "Ben is there", func() bool { return len(seated(old)) == 2 })
	rove(t, nodes[2], "Cid")
	poll.Until(t, "Cid is there", func() bool { return len(seated(old)) == 3 })
	before := seated(old)
	location := enter(t, old, "Dan") // a client that knows nothing of moves
	poll.Until(t, "Dan is there", func() bool { return len(seated(old)) == 4 })
	old.draining.Store(true)
	var next *node
	poll.Until(t, "all but Dan go", func() bool {
		for _, n := range nodes {
			if n != old && len(seated(n)) == 3 && len(seated(old)) == 1 {
				next = n
			}
		}
		return next != nil
	})
	if after := seated(next); !slices.Equal(after, before) {
		t.Errorf("in the room are %v, and were %v", after, before)
	}
	if !old.cluster.Gone("demo") {
		t.Error("what ends at the old home counts as the end")
	}
	enter(t, old, "Eve") // by the old home
	poll.Until(t, "Eve is in the room at its new home", func() bool { return len(seated(next)) == 4 })
	want(t, http.StatusOK, nil, http.MethodDelete, old.url+location, "")
	poll.Until(t, "the old home is empty", func() bool { return len(seated(old)) == 0 })
	for _, n := range nodes {
		poll.Until(t, "the new home is known at "+n.id, func() bool {
			_, text := do(t, http.MethodGet, n.url+"/api/v1/rooms/demo", "")
			return strings.Contains(text, `"participants":4`)
		})
	}
	old.draining.Store(false)
	poll.Until(t, "the old home serves again", func() bool {
		_, text := do(t, http.MethodGet, next.url+"/api/v1/nodes", "")
		return strings.Count(text, `"state":"serving"`) == 3
	})
}

// TestSplit: two nodes that cannot send each other messages begin a room of one name each. Once they can, the
// smaller room goes to the larger. Its clients are who they were.
func TestSplit(t *testing.T) {
	a := start(t, "a", secret)
	b := start(t, "b", secret, a.routes)
	a.knows(t, "a", "b")
	b.knows(t, "a", "b")
	a.cut.Store(true)
	b.cut.Store(true)
	a.knows(t, "a")
	b.knows(t, "b")
	few, many := rove(t, a, "Ada"), rove(t, b, "Ben")
	rove(t, b, "Cid")
	poll.Until(t, "both sides talk", func() bool { return len(seated(a)) == 1 && len(seated(b)) == 2 })
	ada := seated(a)[0]
	a.cut.Store(false)
	b.cut.Store(false)
	healed := time.Now()
	poll.Until(t, "there is one room", func() bool { return len(seated(a)) == 0 && len(seated(b)) == 3 })
	t.Logf("one room after %v", time.Since(healed))
	if all := seated(b); all[0] != ada && all[1] != ada && all[2] != ada {
		t.Errorf("Ada was %q, and in the room are %v", ada, all)
	}
	few.mu.Lock()
	many.mu.Lock()
	defer few.mu.Unlock()
	defer many.mu.Unlock()
	if few.moves != 1 || many.moves != 0 {
		t.Error(fmt.Sprint("Ada moved ", few.moves, " times, Ben ", many.moves))
	}
}
