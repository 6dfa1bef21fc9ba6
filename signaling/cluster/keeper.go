package cluster

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// keeping (2 min) is how long a standby keeps the record of a room that its home does not send again.
	keeping = 2 * time.Minute
	// piece (100 KiB) bounds a part of a record in one message.
	piece = 100 << 10
)

// roomOf returns which room an entry of the journal belongs to, "" for none that another node could use. The keys
// of some have the room's name, and the values of others.
func roomOf(key string, value json.RawMessage) string {
	kind, name, _ := strings.Cut(key, "/")
	switch kind {
	case "room", "hls", "broadcast":
		return name
	case "seat", "output", "input", "recording":
		var of struct {
			Room string `json:"room"`
		}
		_ = json.Unmarshal(value, &of) // else it has none
		return of.Room
	}
	return ""
}

// record is what outlasts a room's home, or a piece of it: the seats of its people, with hashes of what they
// come back with, its settings, and the recordings, outputs and broadcast that go on.
type record struct {
	Room string                     `json:"room"`
	More bool                       `json:"more,omitempty"` // it continues the piece before
	Put  map[string]json.RawMessage `json:"put"`
}

// kept is the record of another node's room.
type kept struct {
	entries map[string]json.RawMessage
	heard   time.Time
}

// keeper has the records of this node's rooms, and those of others' for which it is a standby. It is safe for
// concurrent use.
type keeper struct {
	mu     sync.Mutex
	own    map[string]map[string]json.RawMessage // by room and key
	rooms  map[string]string                     // of the keys
	dirty  map[string]bool                       // rooms whose records are to be sent
	away   map[string]bool                       // rooms that another node has now, which sends their records
	others map[string]kept
}

func newKeeper() *keeper {
	return &keeper{own: map[string]map[string]json.RawMessage{}, rooms: map[string]string{}, dirty: map[string]bool{}, away: map[string]bool{}, others: map[string]kept{}}
}

// follow takes a change of what this node keeps for after a crash. value nil: it is no more.
func (k *keeper) follow(key string, value json.RawMessage) {
	name := roomOf(key, value)
	k.mu.Lock()
	defer k.mu.Unlock()
	if was, ok := k.rooms[key]; ok { // it may have moved
		delete(k.own[was], key)
		delete(k.rooms, key)
		k.dirty[was] = true
	}
	if value == nil || name == "" {
		return
	}
	if k.own[name] == nil {
		k.own[name] = map[string]json.RawMessage{}
	}
	k.own[name][key], k.rooms[key], k.dirty[name] = value, name, true
}

// due returns the records that are to be sent, in pieces; all: those that have not changed too.
func (k *keeper) due(all bool) (pieces []record) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if all {
		for room := range k.own {
			k.dirty[room] = true
		}
	}
	for _, room := range slices.Sorted(maps.Keys(k.dirty)) {
		if k.away[room] {
			continue
		}
		pieces = append(pieces, k.pieces(room)...)
		if len(k.own[room]) == 0 {
			delete(k.own, room)
		}
	}
	clear(k.dirty)
	return pieces
}

// pieces returns the record of one of this node's rooms. The caller holds the lock.
func (k *keeper) pieces(room string) (pieces []record) {
	p, size := record{Room: room, Put: map[string]json.RawMessage{}}, 0
	for _, key := range slices.Sorted(maps.Keys(k.own[room])) {
		value := k.own[room][key]
		if size > 0 && size+len(value) > piece {
			pieces = append(pieces, p)
			p, size = record{Room: room, More: true, Put: map[string]json.RawMessage{}}, 0
		}
		p.Put[key] = value
		size += len(key) + len(value)
	}
	return append(pieces, p)
}

// whole returns the record of a room that another node is to take.
func (k *keeper) whole(room string) []record {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pieces(room)
}

// leave says that another node has a room of this one now, whose last people are still here.
func (k *keeper) leave(room string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.away[room] = true
}

// stay says that a room has not left after all.
func (k *keeper) stay(room string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.away, room)
	k.dirty[room] = true
}

// end says that the last people of a room have left for another node. What that one sends of it stays.
func (k *keeper) end(room string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for key := range k.own[room] {
		delete(k.rooms, key)
	}
	delete(k.own, room)
	delete(k.away, room)
	delete(k.dirty, room)
}

// hear takes a piece of the record of another node's room. A room without entries has ended.
func (k *keeper) hear(p record, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	is := k.others[p.Room]
	if !p.More || is.entries == nil {
		is.entries = map[string]json.RawMessage{}
	}
	maps.Copy(is.entries, p.Put)
	is.heard = now
	if len(is.entries) == 0 {
		delete(k.others, p.Room)
	} else {
		k.others[p.Room] = is
	}
	for room, o := range k.others {
		if now.Sub(o.heard) >= keeping {
			delete(k.others, room)
		}
	}
}

// has tells whether there is a record of another node's room.
func (k *keeper) has(room string, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	is, ok := k.others[room]
	return ok && now.Sub(is.heard) < keeping
}

// take returns the record of a room that begins here, nil for none, and keeps it no more.
func (k *keeper) take(room string, now time.Time) map[string]json.RawMessage {
	k.mu.Lock()
	defer k.mu.Unlock()
	is, ok := k.others[room]
	delete(k.others, room)
	if !ok || now.Sub(is.heard) >= keeping {
		return nil
	}
	return is.entries
}
