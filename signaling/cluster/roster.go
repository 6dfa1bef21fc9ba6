package cluster

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"tilemix/signaling/cluster/directory"
	"tilemix/signaling/cluster/place"
)

// claimed (20 s) is how long a room that was placed may take to begin. Then its name is free again.
const claimed = 20 * time.Second

// claim says where a room is about to begin.
type claim struct {
	node  string
	until time.Time
}

// roster is what this node knows of the cluster, and where it has placed rooms as the arbiter of their
// names. It is safe for concurrent use.
type roster struct {
	self, run string

	mu      sync.Mutex
	nodes   *directory.Directory
	claims  map[string]claim     // this node's decisions
	opening map[string]time.Time // rooms that this node is to begin, and until when
	begun   map[string]int64     // rooms that this node has, and when they began, Unix ms
}

func newRoster(self, run string) *roster {
	return &roster{
		self: self, run: run, nodes: directory.New(),
		claims: map[string]claim{}, opening: map[string]time.Time{}, begun: map[string]int64{},
	}
}

// hear takes a beat. fresh tells that the node, or this run of it, was not known.
func (r *roster) hear(b directory.Beat, now time.Time) (fresh bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.nodes.Hear(b, now)
}

// list takes the rooms of a node.
func (r *roster) list(id, run string, rooms []directory.Room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nodes.List(id, run, rooms)
}

// bury says that a node could not be reached.
func (r *roster) bury(id, run string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nodes.Bury(id, run)
}

// all returns the nodes, this one included.
func (r *roster) all(now time.Time) []directory.Node {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.nodes.Nodes(now)
}

// origins returns those of the other nodes' pages (RFC 6454 §6.2), in lower case.
func (r *roster) origins(now time.Time) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.nodes.Origins(r.self, now)
}

// node returns a node that is known.
func (r *roster) node(id string, now time.Time) (directory.Node, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.nodes.Node(id, now)
}

// home returns where a room is.
func (r *roster) home(room string, now time.Time) (directory.Node, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.nodes.Home(room, now)
}

// arbiter returns which node decides about a name. A node that knows nobody, and drains, decides alone.
func (r *roster) arbiter(room string, now time.Time) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if order := place.Order(room, r.nodes.Serving(now)); len(order) > 0 {
		return order[0]
	}
	return r.self
}

// place decides, as the arbiter of a name, which node is the home of a room. The error is place.ErrFull.
func (r *roster) place(room string, now time.Time) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if home, ok := r.nodes.Home(room, now); ok {
		return home.ID, nil
	}
	waiting := map[string]int{}
	for name, c := range r.claims {
		if _, begun := r.nodes.Home(name, now); begun || !now.Before(c.until) {
			delete(r.claims, name)
			continue
		}
		waiting[c.node]++
	}
	nodes := r.nodes.Candidates(now)
	c, ok := r.claims[room]
	for i := range nodes {
		if ok && nodes[i].ID == c.node {
			return c.node, nil
		}
		nodes[i].Rooms += waiting[nodes[i].ID]
	}
	id, err := place.Choose(nodes, rand.Float64)
	if err != nil {
		return "", err
	}
	r.claims[room] = claim{id, now.Add(claimed)}
	return id, nil
}

// elsewhere returns a node, other than this one, for a room that leaves it. The error is place.ErrFull.
func (r *roster) elsewhere(now time.Time) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	others := slices.DeleteFunc(r.nodes.Candidates(now), func(c place.Candidate) bool { return c.ID == r.self })
	return place.Choose(others, rand.Float64)
}

// open takes note of a room that this node is to begin.
func (r *roster) open(room string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opening[room] = now.Add(claimed)
}

// opens tells whether this node is to begin a room.
func (r *roster) opens(room string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.opening[room])
}

// own returns the list of this node's rooms, those that it has and those that it is to begin, and takes
// it. people has those that it has, and gone where to those have gone that leave it.
func (r *roster) own(people map[string]int, gone map[string]string, now time.Time) (rooms []directory.Room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, n := range people {
		if r.begun[name] == 0 {
			r.begun[name] = now.UnixMilli()
		}
		delete(r.opening, name)
		rooms = append(rooms, directory.Room{Name: name, People: n, Since: r.begun[name], To: gone[name]})
	}
	for name := range r.begun {
		if _, is := people[name]; !is {
			delete(r.begun, name)
		}
	}
	for name, until := range r.opening {
		if !now.Before(until) {
			delete(r.opening, name)
			continue
		}
		rooms = append(rooms, directory.Room{Name: name, Since: until.Add(-claimed).UnixMilli()})
	}
	r.nodes.List(r.self, r.run, rooms)
	return rooms
}
