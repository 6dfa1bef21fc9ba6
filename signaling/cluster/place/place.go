// Package place decides which node of a cluster mixes a room.
//
//	name of a room, IDs of nodes ──▶ Order ──▶ the arbiter of the name, and its standbys
//	nodes with their load        ──▶ Choose ──▶ the home of a new room
//
// All nodes that know the same nodes compute the same arbiter, so one node alone decides about a name,
// and no vote is needed. The package computes, and keeps no state.
package place

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
)

// ErrFull is returned when no node may have another room.
var ErrFull = errors.New("no server of the cluster has room: each is too busy, has all its rooms, or drains")

// Order returns nodes by the rendezvous hash of a room, highest first. The first is the arbiter of the
// room's name. Nodes that come or go leave the others in their order.
func Order(room string, nodes []string) []string {
	order := slices.Clone(nodes)
	hash := make(map[string]uint64, len(nodes))
	for _, id := range nodes {
		hash[id] = weight(room, id)
	}
	slices.SortFunc(order, func(a, b string) int {
		if hash[a] != hash[b] {
			if hash[a] > hash[b] {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return order
}

// Standbys returns up to two nodes that keep the record of a room for the case that its home dies.
func Standbys(room, home string, nodes []string) []string {
	order := slices.DeleteFunc(Order(room, nodes), func(id string) bool { return id == home })
	return order[:min(2, len(order))]
}

func weight(room, id string) uint64 {
	sum := sha256.Sum256([]byte(room + "\x00" + id)) // a room's name has no NUL
	return binary.BigEndian.Uint64(sum[:])
}

// Candidate is a node that may get a room.
type Candidate struct {
	ID    string
	Cores int     // that it has
	Load  float64 // the part of them that is busy, 0 to 1
	Limit float64 // of the load, from which it gets no room; 1: there is none
	Rooms int     // that it has, and those that it is about to open
	Most  int     // rooms that it may have; 0: any number
}

// least (1 %) of its cores is what a node without a limit has left at any time.
const least = 0.01

// free is what a node has left, in cores.
func (c Candidate) free() float64 { return float64(c.Cores) * max(1-c.Load, least) }

// crowding is how many rooms there would be for each free core, with one more.
func (c Candidate) crowding() float64 { return float64(c.Rooms+1) / c.free() }

// fits tells whether the node may have one room more.
func (c Candidate) fits() bool {
	return c.Cores > 0 && (c.Limit >= 1 || c.Load < c.Limit) && (c.Most == 0 || c.Rooms < c.Most)
}

// draws (3) nodes are compared for a new room.
const draws = 3

// Choose returns the home of a new room: of three nodes drawn by their free cores, the one with the fewest
// rooms for each free core. Random choices spread rooms that several arbiters place at the same time, while
// the least loaded node alone would get all of them. random returns numbers from 0 to 1, 1 excluded. The error
// is ErrFull.
func Choose(nodes []Candidate, random func() float64) (string, error) {
	left := slices.DeleteFunc(slices.Clone(nodes), func(c Candidate) bool { return !c.fits() })
	if len(left) == 0 {
		return "", ErrFull
	}
	var best Candidate
	for n := range min(draws, len(left)) {
		i := draw(left, random())
		if c := left[i]; n == 0 || c.crowding() < best.crowding() {
			best = c
		}
		left = slices.Delete(left, i, i+1)
	}
	return best.ID, nil
}

// draw returns an index, by the nodes' free cores.
func draw(nodes []Candidate, at float64) int {
	sum := 0.0
	for _, c := range nodes {
		sum += c.free()
	}
	at *= sum
	for i, c := range nodes {
		if at -= c.free(); at < 0 {
			return i
		}
	}
	return len(nodes) - 1
}

// Instance is one of two rooms of one name, which a split of the cluster or a stale view has made.
type Instance struct {
	Node   string
	People int   // connected
	Since  int64 // when it began, Unix ms
}

// Yields tells whether a gives way to b: the one with fewer people does, of equals the later one, and
// of those the one whose node has the greater ID. Of two instances exactly one yields.
func Yields(a, b Instance) bool {
	switch {
	case a.People != b.People:
		return a.People < b.People
	case a.Since != b.Since:
		return a.Since > b.Since
	}
	return a.Node > b.Node
}
