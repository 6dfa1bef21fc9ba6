// Package via refuses loops of rooms that push to each other by WHIP.
//
// A push carries the header Tilemix-Via: the rooms whose mix is inside the stream. A server refuses a
// stream into a room that is in its own list. Otherwise it keeps the list for as long as the publisher
// stays, and the room's own pushes carry it on.
//
//	A ──[A]──▶ B ──[B A]──▶ C ──[C B A]──▶ A refuses
//
// A list may grow while a push runs: C pushes to A, and then B pushes to C. A push whose list has grown
// begins again with the new one, so that A learns of B. Otherwise A could push to B unnoticed, which
// closes the loop.
//
// Rooms have identifiers instead of names, because servers of others read the header. An identifier is
// a hash over the room's name and a random number of the process.
package via

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Header is the HTTP header of the first request of a push: identifiers, separated by commas.
const Header = "Tilemix-Via"

const (
	// maxRooms is the largest number of identifiers in a list.
	maxRooms = 32
	// idLength is the length of an identifier, in hexadecimal digits.
	idLength = 16
	// maxHeader is the longest header that is read, in bytes.
	maxHeader = maxRooms * (idLength + len(", "))
)

var (
	// ErrLoop is returned for a stream that has the room's own mix in it, or that of too many rooms.
	ErrLoop = errors.New("loop detected")
	// ErrHeader is returned for a header that is not a list of identifiers.
	ErrHeader = errors.New("bad " + Header + " header")
)

// Rooms knows which rooms are inside the mix of each room of this process. It is safe for concurrent
// use.
type Rooms struct {
	key []byte // of identifiers

	mu    sync.Mutex
	rooms map[string]*room
}

// room is a room that pushes publish into, or that is pushed elsewhere.
type room struct {
	inside map[*[]string]bool // the list of each publisher
	pushes int                // that have its list
	grown  chan struct{}      // closed when an identifier is new
}

// New returns Rooms without publishers, with new identifiers.
func New() *Rooms {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return &Rooms{key: key, rooms: map[string]*room{}}
}

// id returns the identifier of a room.
func (r *Rooms) id(name string) string {
	sum := hmac.New(sha256.New, r.key)
	sum.Write([]byte(name))
	return hex.EncodeToString(sum.Sum(nil))[:idLength]
}

// Enter checks the headers of a push into a room and keeps their list until leave is called, which may
// be called twice. The error is ErrLoop or ErrHeader. A publisher without the header has an empty list.
func (r *Rooms) Enter(name string, headers []string) (leave func(), err error) {
	list, err := parse(headers)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return func() {}, nil
	}
	if slices.Contains(list, r.id(name)) {
		return nil, fmt.Errorf("%w: room %q would get its own mix, because this stream has it inside", ErrLoop, name)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.room(name)
	before := one.set()
	one.inside[&list] = true
	if slices.ContainsFunc(list, func(id string) bool { return !before[id] }) {
		close(one.grown)
		one.grown = make(chan struct{})
	}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(one.inside, &list)
		r.drop(name, one)
	}, nil
}

// drop forgets a room that has neither publishers nor pushes. The caller holds r.mu.
func (r *Rooms) drop(name string, one *room) {
	if len(one.inside) == 0 && one.pushes == 0 && r.rooms[name] == one {
		delete(r.rooms, name)
	}
}

// List is what a push of a room carries.
type List struct {
	// Header is the value of the header: the room and all that are inside its mix.
	Header string
	// Grown is closed when a room is inside the mix that was not before. The push has to begin again.
	Grown <-chan struct{}
	// Release is called once, when the push has ended.
	Release func()
}

// List returns the list of a room. The error is ErrLoop when too many rooms are inside its mix.
func (r *Rooms) List(name string) (List, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.room(name)
	ids := []string{r.id(name)}
	for id := range one.set() {
		ids = append(ids, id)
	}
	if len(ids) > maxRooms {
		return List{}, fmt.Errorf("%w: the mix of room %q has %d other rooms inside, and may have %d", ErrLoop, name, len(ids)-1, maxRooms-1)
	}
	slices.Sort(ids[1:])
	one.pushes++
	return List{Header: strings.Join(ids, ", "), Grown: one.grown, Release: func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		one.pushes--
		r.drop(name, one)
	}}, nil
}

// room returns a room, which it makes if there is none. The caller holds r.mu.
func (r *Rooms) room(name string) *room {
	one := r.rooms[name]
	if one == nil {
		one = &room{inside: map[*[]string]bool{}, grown: make(chan struct{})}
		r.rooms[name] = one
	}
	return one
}

// set returns the identifiers of all publishers. The caller holds Rooms.mu.
func (o *room) set() map[string]bool {
	all := map[string]bool{}
	for list := range o.inside {
		for _, id := range *list {
			all[id] = true
		}
	}
	return all
}

// parse reads a header, which may be sent in several lines (RFC 9110 §5.3).
func parse(headers []string) ([]string, error) {
	text := strings.Join(headers, ",")
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if len(text) > maxHeader {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrHeader, maxHeader)
	}
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		id := strings.TrimSpace(part)
		if len(id) != idLength || strings.Trim(id, "0123456789abcdef") != "" {
			return nil, fmt.Errorf("%w: %.32q is not an identifier", ErrHeader, id)
		}
		if !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list, nil
}
