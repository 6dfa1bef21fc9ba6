package book

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tilemix/mcu"
	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/store"
)

// ErrChanged is returned for a change of a Book that is no longer as the client knows it.
var ErrChanged = errors.New("the room was changed meanwhile: read it again")

const (
	mostInMemory = 10_000      // Books without a file
	noteEvery    = time.Minute // least time between writes of notes
	stripes      = 64
)

// Shelf has the Books of all rooms. It is safe for concurrent use.
type Shelf struct {
	dir string
	log *slog.Logger

	seed    maphash.Seed
	changes [stripes]sync.Mutex // held by those who change a Book, by its room

	mu    sync.RWMutex // guards what follows
	books map[string]entry
	next  uint64

	shared map[string]Edition // of all Books that were here; nil without Share
	digest uint64             // of shared
}

// entry is a Book in memory.
type entry struct {
	book  Book
	stamp store.Stamp // of its file; that of no file: it is in memory only
	bad   store.Stamp // of the file that is there, which is broken
	dirty bool        // it has notes that its file has not
	wrote time.Time   // when notes were written last
	order uint64      // grows with each change
}

// refusal is nil if the entry has a Book of before its file broke.
func (e entry) refusal() error {
	if e.stamp.Equal(store.Stamp{}) {
		return errTrouble()
	}
	return nil
}

// New returns a Shelf with the files of a folder, which is made with the first file.
func New(dir string, log *slog.Logger) *Shelf {
	return &Shelf{dir: dir, log: log, seed: maphash.MakeSeed(), books: map[string]entry{}}
}

func (s *Shelf) path(room string) string { return filepath.Join(s.dir, room+".json") }

// Rooms returns the names of the rooms that have a file, sorted.
func (s *Shelf) Rooms() ([]string, error) {
	files, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var rooms []string
	for _, f := range files {
		if room, ok := strings.CutSuffix(f.Name(), ".json"); ok && mcu.CheckRoomName(room) == nil {
			rooms = append(rooms, room)
		}
	}
	slices.Sort(rooms)
	return rooms, nil
}

// Check reads all files and returns an error for those that are broken or of a newer version.
func (s *Shelf) Check() error {
	rooms, err := s.Rooms()
	for _, room := range rooms {
		_, _, one := s.read(room)
		err = errors.Join(err, one)
	}
	return err
}

// View returns the Book of a room. An error is a *credential.Refusal with the code storage_trouble,
// or mcu.ErrBadName.
func (s *Shelf) View(room string) (Book, error) {
	if err := mcu.CheckRoomName(room); err != nil {
		return Book{}, err
	}
	e, stamp, err := s.known(room)
	if err != nil || stamp.Equal(e.stamp) {
		return e.book, err
	}
	lock := s.lock(room)
	defer lock.Unlock()
	e, err = s.current(room)
	return e.book, err
}

func (s *Shelf) lock(room string) *sync.Mutex {
	stripe := &s.changes[maphash.String(s.seed, room)%stripes]
	stripe.Lock()
	return stripe
}

// known returns what is in memory of a room, and the stamp of its file.
func (s *Shelf) known(room string) (entry, store.Stamp, error) {
	s.mu.RLock()
	e := s.books[room]
	s.mu.RUnlock()
	stamp, err := store.Stat(s.path(room))
	if err != nil {
		err = s.trouble("room file not read", err)
	}
	return e, stamp, err
}

// current returns the entry of a room, read anew if its file has changed. A broken file leaves the
// entry of before, if there is one. The caller holds the room's lock.
func (s *Shelf) current(room string) (entry, error) {
	e, stamp, err := s.known(room)
	switch {
	case err != nil || stamp.Equal(e.stamp):
		return e, err
	case e.bad.Equal(stamp):
		return e, e.refusal()
	}
	b, stamp, err := s.read(room)
	if err == nil {
		e = entry{book: b, stamp: stamp, wrote: e.wrote}
		s.put(room, e)
		return e, nil
	}
	e.bad = stamp
	s.put(room, e)
	s.log.Error("room file not read", "error", err, "kept", !e.stamp.Equal(store.Stamp{}))
	return e, e.refusal()
}

func (s *Shelf) read(room string) (Book, store.Stamp, error) {
	data, stamp, err := store.Read(s.path(room))
	if err != nil || data == nil {
		return Book{}, stamp, err
	}
	var b Book
	return b, stamp, store.Decode(s.path(room), data, version, &b)
}

// trouble logs what went wrong with a file, and returns what a client may know of it.
func (s *Shelf) trouble(what string, err error) error {
	s.log.Error(what, "error", err)
	return errTrouble()
}

func errTrouble() error {
	return credential.Refuse("storage_trouble", "the server cannot keep what it knows of the room: its operator finds the reason in the log")
}

// Update changes the Book of a room, and returns it once it is on disk. change gets a copy; if it
// returns an error, nothing changes and Update returns that error. match is the ETag that the Book
// must have, or "" for any; otherwise Update returns ErrChanged. Other errors are those of View.
func (s *Shelf) Update(room, match string, change func(*Book) error) (Book, error) {
	return s.change(room, match, time.Time{}, change)
}

// Note changes the Book of a room in memory. What it changed is written with the next Update, with
// Flush, or with a Note a minute after the last: it may be lost in a crash.
func (s *Shelf) Note(room string, now time.Time, change func(*Book) error) (Book, error) {
	return s.change(room, "", now, change)
}

// change writes at once if noted is zero, and otherwise if the last note is old.
func (s *Shelf) change(room, match string, noted time.Time, change func(*Book) error) (Book, error) {
	if err := mcu.CheckRoomName(room); err != nil {
		return Book{}, err
	}
	lock := s.lock(room)
	defer lock.Unlock()
	e, err := s.current(room)
	if err != nil {
		return Book{}, err
	}
	if match != "" && match != e.book.ETag() {
		return e.book, ErrChanged
	}
	b := e.book.clone()
	if err := change(&b); err != nil {
		return e.book, err
	}
	b.Version = version
	if s.shared != nil {
		b.Revision = max(e.book.Revision, s.revision(room)) + 1
	}
	e.book, e.dirty = b, true
	if noted.IsZero() || noted.Sub(e.wrote) >= noteEvery {
		if !noted.IsZero() {
			e.wrote = noted
		}
		if err := s.write(room, &e); err != nil {
			return Book{}, err
		}
	}
	s.put(room, e)
	return b, nil
}

// write brings a Book to disk, where it belongs, and notes that in the entry.
func (s *Shelf) write(room string, e *entry) error {
	path, there := s.path(room), !e.stamp.Equal(store.Stamp{})
	e.dirty = false
	switch {
	case !e.bad.Equal(store.Stamp{}): // what is in the broken file must not be lost
		return s.trouble("room file not written", fmt.Errorf("%w: correct or remove %s first", store.ErrBroken, path))
	case e.book.empty() && s.shared == nil:
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return s.trouble("room file not removed", err)
		}
		e.stamp = store.Stamp{}
		return nil
	case !e.book.Lasting() && !there:
		return nil
	}
	data, err := json.MarshalIndent(e.book, "", "  ")
	if err != nil {
		return s.trouble("room file not written", err)
	}
	if err := store.Write(path, append(data, '\n')); err != nil {
		return s.trouble("room file not written", err)
	}
	if e.stamp, err = store.Stat(path); err != nil {
		return s.trouble("room file not read", err)
	}
	return nil
}

// put makes an entry the current one. The oldest Book in memory makes place for one too many.
func (s *Shelf) put(room string, e entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.note(room, e.book)
	if e.book.empty() && e.stamp.Equal(store.Stamp{}) && e.bad.Equal(store.Stamp{}) {
		delete(s.books, room)
		return
	}
	s.next++
	e.order = s.next
	s.books[room] = e
	if len(s.books) <= mostInMemory || !e.stamp.Equal(store.Stamp{}) {
		return
	}
	oldest, least := "", uint64(0)
	for name, o := range s.books {
		if o.stamp.Equal(store.Stamp{}) && (oldest == "" || o.order < least) {
			oldest, least = name, o.order
		}
	}
	delete(s.books, oldest)
}

// Flush writes all notes. The caller calls it when the server stops.
func (s *Shelf) Flush() error {
	s.mu.RLock()
	var rooms []string
	for room, e := range s.books {
		if e.dirty {
			rooms = append(rooms, room)
		}
	}
	s.mu.RUnlock()
	var all error
	for _, room := range rooms {
		_, err := s.Update(room, "", func(*Book) error { return nil })
		if err != nil {
			all = errors.Join(all, fmt.Errorf("room %s: %w", room, err))
		}
	}
	return all
}
