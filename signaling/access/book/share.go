package book

import (
	"cmp"
	"encoding/json"
	"hash/fnv"
	"maps"
	"strconv"

	"tilemix/mcu"
	"tilemix/signaling/access/store"
)

// mostGone (10,000) Books that are no more are remembered, so that older copies of them do not come back.
const mostGone = 10_000

// Edition tells copies of one room's Book apart: the one with more changes counts.
type Edition struct {
	Revision uint64 `json:"revision"`      // changes until then
	Sum      uint64 `json:"sum,omitempty"` // of its content: of two Books with as many changes, the greater sum counts
}

// Less tells whether another edition counts in place of this one.
func (e Edition) Less(o Edition) bool {
	return cmp.Or(cmp.Compare(e.Revision, o.Revision), cmp.Compare(e.Sum, o.Sum)) < 0
}

// Share has the Shelf know the editions of its Books, for other servers that have the same. The caller calls it
// once, before others use the Shelf. Errors are those of Check.
func (s *Shelf) Share() error {
	s.shared = map[string]Edition{}
	rooms, err := s.Rooms()
	if err != nil {
		return err
	}
	for _, room := range rooms {
		if _, err := s.View(room); err != nil {
			return err
		}
	}
	return nil
}

// Editions returns the editions of all Books, and of those that are no more, by room; nil without Share.
func (s *Shelf) Editions() map[string]Edition {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Clone(s.shared)
}

// Digest is equal on Shelves whose Books have the same editions; 0: there are none.
func (s *Shelf) Digest() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.digest
}

// Copy returns a Book as JSON, for Adopt of another Shelf. Errors are those of View.
func (s *Shelf) Copy(room string) ([]byte, error) {
	b, err := s.View(room)
	if err != nil {
		return nil, err
	}
	b.Version, b.Revision = version, max(1, b.Revision, s.revision(room))
	return json.Marshal(b)
}

// Adopt takes what Copy of another Shelf returned, if it counts in place of the Book that is here. Errors are those
// of Update, and store's for JSON that is none of a Book.
func (s *Shelf) Adopt(room string, data []byte) error {
	if err := mcu.CheckRoomName(room); err != nil {
		return err
	}
	var b Book
	if err := store.Decode(room, data, version, &b); err != nil {
		return err
	}
	lock := s.lock(room)
	defer lock.Unlock()
	e, err := s.current(room)
	if err != nil {
		return err
	}
	s.mu.RLock()
	here := s.shared[room]
	s.mu.RUnlock()
	if !here.Less(b.edition()) {
		return nil
	}
	e.book = b
	if err := s.write(room, &e); err != nil {
		return err
	}
	s.put(room, e)
	return nil
}

// edition returns the edition of a Book. One that was made by hand, or before there were editions, is the first.
func (b Book) edition() Edition {
	e := Edition{Revision: b.Revision}
	if b.empty() {
		return e
	}
	e.Revision = max(1, e.Revision)
	b.Version, b.Revision = 0, 0
	data, err := json.Marshal(b)
	if err != nil { // rules that are no JSON, which Update does not let in
		return e
	}
	e.Sum = sumOf(data)
	return e
}

// revision returns how often the Book of a room has changed.
func (s *Shelf) revision(room string) uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.shared[room].Revision
}

// note takes note of the Book that a room has now. The caller holds s.mu.
func (s *Shelf) note(room string, b Book) {
	if s.shared == nil {
		return
	}
	was, is := s.shared[room], b.edition()
	if is.Revision == 0 { // nothing is kept of it, and it may have been
		if is.Revision = was.Revision; was == (Edition{}) {
			return
		}
	}
	s.digest ^= was.hash(room) ^ is.hash(room)
	s.shared[room] = is
	if len(s.shared)-len(s.books) <= mostGone {
		return
	}
	for gone, e := range s.shared {
		if e.Sum == 0 && gone != room {
			s.digest ^= e.hash(gone)
			delete(s.shared, gone)
			break
		}
	}
}

// hash is a room's part of the digest.
func (e Edition) hash(room string) uint64 {
	if e == (Edition{}) {
		return 0
	}
	return sumOf([]byte(room + " " + strconv.FormatUint(e.Revision, 10) + " " + strconv.FormatUint(e.Sum, 10)))
}

func sumOf(data []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(data) // it never fails
	return h.Sum64()
}
