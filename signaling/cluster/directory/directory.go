// Package directory keeps who is in a cluster and which room is where, as one node knows it.
//
//	beats of nodes ─────▶ Hear ──┐
//	their lists of rooms ▶ List ─┼──▶ Directory ──▶ Nodes, Serving, Home
//	a node found dead ──▶ Bury ──┘
//
// A node that is silent for Silence gets no new room. Its rooms stay its own, because it may be well
// while the bus is not: nothing moves because beats stop. A node that somebody could not reach is buried,
// and its rooms can begin elsewhere. Beats bring it back.
//
// Time is an argument. A Directory is not safe for concurrent use.
package directory

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"tilemix/signaling/cluster/place"
)

const (
	// Every (250 ms) is the time between two beats of a node.
	Every = 250 * time.Millisecond
	// Silence (1 s) is how long after its last beat a node gets no new room.
	Silence = 4 * Every
	// forget (10 min) is how long a silent node is listed.
	forget = 10 * time.Minute
	// most (256) nodes are known. Further ones are refused.
	most = 256
)

// Protocol is the version of the messages between nodes. A node speaks with those of this version and of
// the one before, so that a cluster is upgraded node by node.
const Protocol = 1

var (
	// ErrTwin is returned for a beat of a node whose ID another living node has.
	ErrTwin = errors.New("two nodes have one ID: give one of them another by --cluster-id")
	// ErrProtocol is returned for a beat of a node whose messages this one does not know.
	ErrProtocol = errors.New("node of another version, whose messages this one does not know")
	// errFull is returned when there are 256 nodes.
	errFull = errors.New("the cluster has as many nodes as it can have")
)

// State is what a node does.
type State string

// A node that serves gets new rooms. One that drains keeps those that it has, for a while.
const (
	Serving  State = "serving"
	Draining State = "draining"
	Silent   State = "silent" // no beat has come for Silence
	Dead     State = "dead"   // it could not be reached
)

// Beat is what a node says of itself. It is a value.
type Beat struct {
	ID       string  `json:"id"`
	Run      string  `json:"run"` // of this process; another one after a restart
	Number   uint64  `json:"n"`   // grows with each beat of a run
	Protocol int     `json:"protocol"`
	Version  string  `json:"version"` // of the program
	State    State   `json:"state"`
	Inside   string  `json:"inside"`        // host:port for requests of other nodes
	URL      string  `json:"url,omitempty"` // for clients
	Cores    int     `json:"cores"`
	Load     float64 `json:"load"`  // the busy part of the cores, 0 to 1
	Limit    float64 `json:"limit"` // of the load, from which it gets no room; 1: there is none
	Most     int     `json:"mostRooms"`
	People   int     `json:"people"`          // in all its rooms
	Books    string  `json:"books,omitempty"` // digest of its rules, invites, bans and PINs; equal where they are
}

// Room is a room of a node.
type Room struct {
	Name   string `json:"name"`
	People int    `json:"people"`       // connected; 0: it is about to open
	Since  int64  `json:"since"`        // Unix ms
	To     string `json:"to,omitempty"` // the node that has it now: its last people here are about to go there
}

// Node is a node as the others know it.
type Node struct {
	Beat
	Rooms []Room        `json:"rooms"`
	Age   time.Duration `json:"-"` // of its last beat
}

// Directory is what one node knows of all, itself included.
type Directory struct {
	nodes map[string]*known
}

// known is a node. Its rooms are those of its last list.
type known struct {
	beat  Beat
	heard time.Time
	dead  bool
	rooms map[string]Room
}

// New returns a directory that knows no node.
func New() *Directory { return &Directory{nodes: map[string]*known{}} }

// Hear takes a beat. fresh tells that this run of the node was not known. A beat that is older than the last
// one changes nothing. Errors are ErrTwin, ErrProtocol and errFull; then nothing changes either.
func (d *Directory) Hear(b Beat, now time.Time) (fresh bool, err error) {
	if b.Protocol < Protocol-1 || b.Protocol > Protocol+1 || b.Protocol < 1 {
		return false, fmt.Errorf("%w: node %.64q has version %d, this one %d", ErrProtocol, b.ID, b.Protocol, Protocol)
	}
	n := d.nodes[b.ID]
	switch {
	case n == nil:
		if len(d.nodes) >= most {
			return false, fmt.Errorf("%w, %d", errFull, most)
		}
		n = &known{rooms: map[string]Room{}}
		d.nodes[b.ID] = n
	case n.beat.Run != b.Run && n.lives(now):
		return false, fmt.Errorf("%w, not %.64q", ErrTwin, b.ID)
	case n.beat.Run != b.Run: // it was started anew, without its rooms
		n.rooms = map[string]Room{}
	case b.Number <= n.beat.Number:
		return false, nil
	}
	fresh = n.beat.Run != b.Run || n.dead
	n.beat, n.heard, n.dead = b, now, false
	return fresh, nil
}

// lives tells whether a node has been heard lately.
func (n *known) lives(now time.Time) bool { return !n.dead && now.Sub(n.heard) < Silence }

// List takes all rooms of a node. A list of a node or a run that is not known changes nothing.
func (d *Directory) List(id, run string, rooms []Room) {
	n := d.nodes[id]
	if n == nil || n.beat.Run != run {
		return
	}
	n.rooms = make(map[string]Room, len(rooms))
	for _, r := range rooms {
		n.rooms[r.Name] = r
	}
}

// Bury says that a run of a node could not be reached, or has said that it stops.
func (d *Directory) Bury(id, run string) {
	if n := d.nodes[id]; n != nil && n.beat.Run == run {
		n.dead = true
		clear(n.rooms)
	}
}

// Nodes returns all nodes that are known, by ID. It forgets those that have been silent for 10 minutes.
func (d *Directory) Nodes(now time.Time) []Node {
	all := make([]Node, 0, len(d.nodes))
	for id, n := range d.nodes {
		if now.Sub(n.heard) >= forget {
			delete(d.nodes, id)
			continue
		}
		all = append(all, n.seen(now))
	}
	slices.SortFunc(all, func(a, b Node) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Node returns a node that is known.
func (d *Directory) Node(id string, now time.Time) (Node, bool) {
	n := d.nodes[id]
	if n == nil {
		return Node{}, false
	}
	return n.seen(now), true
}

// seen returns a node as it is at a time.
func (n *known) seen(now time.Time) Node {
	s := Node{Beat: n.beat, Rooms: slices.Collect(maps.Values(n.rooms)), Age: now.Sub(n.heard)}
	slices.SortFunc(s.Rooms, func(a, b Room) int { return strings.Compare(a.Name, b.Name) })
	switch {
	case n.dead:
		s.State = Dead
	case !n.lives(now):
		s.State = Silent
	}
	return s
}

// Serving returns the IDs of the nodes that may decide about names and get rooms, sorted.
func (d *Directory) Serving(now time.Time) (ids []string) {
	for id, n := range d.nodes {
		if n.lives(now) && n.beat.State == Serving {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Home returns the node that has a room, also while that node is silent. Of several the one that the
// others yield to is the home.
func (d *Directory) Home(room string, now time.Time) (home Node, ok bool) {
	var best place.Instance
	moved := ""
	for id, n := range d.nodes {
		r, has := n.rooms[room]
		if !has {
			continue
		}
		if r.To != "" {
			moved = r.To
			continue
		}
		if i := (place.Instance{Node: id, People: r.People, Since: r.Since}); !ok || place.Yields(best, i) {
			best, home, ok = i, n.seen(now), true
		}
	}
	if n := d.nodes[moved]; !ok && n != nil && !n.dead { // it has not said so yet
		return n.seen(now), true
	}
	return home, ok
}

// Origins returns the origins of the pages of living nodes but one (RFC 6454 §6.2), in lower case, sorted.
func (d *Directory) Origins(but string, now time.Time) (all []string) {
	for id, n := range d.nodes {
		u, err := url.Parse(n.beat.URL)
		if id == but || !n.lives(now) || err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.ContainsAny(u.Host, ";,' ") {
			continue
		}
		all = append(all, strings.ToLower(u.Scheme+"://"+u.Host))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Candidates returns the nodes that may get a room, with the load that they said last.
func (d *Directory) Candidates(now time.Time) (all []place.Candidate) {
	for _, id := range d.Serving(now) {
		n := d.nodes[id]
		all = append(all, place.Candidate{ID: id, Cores: n.beat.Cores, Load: n.beat.Load, Limit: n.beat.Limit, Rooms: len(n.rooms), Most: n.beat.Most})
	}
	return all
}
