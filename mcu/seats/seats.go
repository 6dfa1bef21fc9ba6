// Package seats keeps who has a seat in which room, so that clients come back as who they were to the
// server that follows a crash.
//
//	room's loop ─▶ Keep, Leave ─▶ journal          the server before ─▶ journal ─▶ Former, Claim ─▶ Join
//
// A client comes back with the secret by which it would have come back to the crashed server. The journal
// has a hash of it, so nobody takes a seat who reads the file. Seats that nobody has claimed after Grace
// are no more.
//
// The package has no goroutine. Time is an argument. All methods do nothing on a nil Seats.
package seats

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"tilemix/mcu/journal"
	"tilemix/mcu/policy"
)

// Grace (2 min) is how long after the start of a server clients of the server before may come back.
const Grace = 2 * time.Minute

// Seat is what is kept of a participant or viewer. It is a value.
type Seat struct {
	ID     string       `json:"id"` // public
	Room   string       `json:"room"`
	Waits  bool         `json:"waits,omitempty"` // in the room's lobby
	Viewer bool         `json:"viewer,omitempty"`
	Name   string       `json:"name"`
	Title  string       `json:"title,omitempty"`
	Joined time.Time    `json:"joined,omitzero"`
	Grant  policy.Grant `json:"grant"`
	// What is switched off, and what a host holds off.
	Muted     bool   `json:"muted,omitempty"`
	CameraOff bool   `json:"cameraOff,omitempty"`
	Silenced  bool   `json:"silenced,omitempty"`
	Blinded   bool   `json:"blinded,omitempty"`
	Hushed    string `json:"hushed,omitempty"` // the host that did it
	// Secret is what the client comes back with. The journal has its hash.
	Secret string `json:"-"`
	Key    string `json:"key"`
}

// Order is what is kept of a room beside its seats.
type Order struct {
	Locked bool   `json:"locked,omitempty"`
	Layout string `json:"layout,omitempty"`
	Spot   string `json:"spot,omitempty"` // public IDs of the participants in front, in order, with commas between them
}

// The beginnings of keys in the journal.
const (
	ofSeat = "seat/"
	ofRoom = "room/"
)

// Seats are those of this server, which it keeps, and those of the server before. It is safe for
// concurrent use.
type Seats struct {
	journal *journal.Journal

	mu     sync.Mutex
	until  time.Time        // former counts
	former map[string]Seat  // by their keys; those that nobody has claimed
	rooms  map[string]Order // of the server before, that have not ended since
}

// New returns the seats of a server that begins now. left is what the server before has left in the
// journal, which keeps it until Expire.
func New(j *journal.Journal, left map[string]json.RawMessage, now time.Time) *Seats {
	s := &Seats{journal: j, until: now.Add(Grace), former: map[string]Seat{}, rooms: map[string]Order{}}
	s.take(left)
	return s
}

// Adopt takes seats and rooms of another server, which is dead, beside its own. For Grace from now on their
// clients may come back here. The caller calls Expire then.
func (s *Seats) Adopt(left map[string]json.RawMessage, now time.Time) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = now.Add(Grace)
	s.take(left)
}

// take takes what a server has left. The caller holds the lock.
func (s *Seats) take(left map[string]json.RawMessage) {
	for key, value := range left {
		if strings.HasPrefix(key, ofSeat) {
			var seat Seat
			if json.Unmarshal(value, &seat) == nil && seat.Key != "" {
				s.former[seat.Key] = seat
				s.journal.Put(key, value)
			}
		}
		if name, ok := strings.CutPrefix(key, ofRoom); ok {
			var room Order
			if json.Unmarshal(value, &room) == nil {
				s.rooms[name] = room
				s.journal.Put(key, value)
			}
		}
	}
}

// Keep keeps a seat in place of what was kept of its ID. A seat without a secret cannot come back, and is
// not kept.
func (s *Seats) Keep(seat Seat) {
	if s == nil || seat.Secret == "" {
		return
	}
	seat.Key = hash(seat.Secret)
	s.journal.Put(ofSeat+seat.ID, seat)
}

// Leave says that a participant has left.
func (s *Seats) Leave(id string) {
	if s != nil {
		s.journal.Drop(ofSeat + id)
	}
}

// KeepRoom keeps what a room is like.
func (s *Seats) KeepRoom(name string, order Order) {
	if s != nil {
		s.journal.Put(ofRoom+name, order)
	}
}

// End says that a room has ended.
func (s *Seats) End(name string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	delete(s.rooms, name)
	s.mu.Unlock()
	s.journal.Drop(ofRoom + name)
}

// Former returns the seat in the server before that a client has the secret of.
func (s *Seats) Former(secret string, now time.Time) (seat Seat, ok bool) {
	if s == nil || secret == "" {
		return Seat{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !now.Before(s.until) {
		return Seat{}, false
	}
	seat, ok = s.former[hash(secret)]
	seat.Secret = secret
	return seat, ok
}

// Claim is Former for the client that comes back: the seat is nobody else's any more.
func (s *Seats) Claim(secret string, now time.Time) (seat Seat, ok bool) {
	if seat, ok = s.Former(secret, now); !ok {
		return Seat{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok = s.former[seat.Key]
	delete(s.former, seat.Key)
	return seat, ok
}

// Return gives a claimed seat back, because its client could not be let in.
func (s *Seats) Return(seat Seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.former[seat.Key] = seat
}

// Hosted tells whether a host of a room in the server before may still come back.
func (s *Seats) Hosted(room string, now time.Time) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !now.Before(s.until) {
		return false
	}
	for _, seat := range s.former {
		if seat.Room == room && !seat.Waits && seat.Grant.Role == policy.Host {
			return true
		}
	}
	return false
}

// Was returns what a room was like in the server before, if it has not ended since.
func (s *Seats) Was(room string, now time.Time) Order {
	if s == nil {
		return Order{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !now.Before(s.until) {
		return Order{}
	}
	return s.rooms[room]
}

// Expire gives up the seats that nobody has claimed. The caller calls it Grace after New.
func (s *Seats) Expire() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seat := range s.former {
		s.journal.Drop(ofSeat + seat.ID)
	}
	for name := range s.rooms {
		s.journal.Drop(ofRoom + name)
	}
	clear(s.former)
	clear(s.rooms)
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
