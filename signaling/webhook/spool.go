package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// entry is an event that waits.
type entry struct {
	name string // of its file
	body []byte // where the disk did not take it
	at   time.Time
}

// spool is the queue of one URL, oldest event first. It is safe for concurrent use.
type spool struct {
	dir  string
	most int
	more chan struct{} // there may be more to send

	mu      sync.Mutex
	waiting []entry
	next    uint64 // number of the next event
}

const (
	eventFile   = ".json"
	unfinished  = "~"
	nameColumns = 20 // of a number, so that names sort as numbers do
)

// openSpool opens a queue with the events that an earlier run left.
func openSpool(dir string, most int) (*spool, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	files, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, err
	}
	s := &spool{dir: dir, most: most, more: make(chan struct{}, 1)}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), unfinished) {
			_ = os.Remove(filepath.Join(dir, f.Name()))
		}
		if n, at, ok := parseName(f.Name()); ok {
			s.next = n + 1
			s.waiting = append(s.waiting, entry{name: f.Name(), at: at})
		}
	}
	return s, nil
}

// fileName holds an event's number and its time in milliseconds.
func fileName(n uint64, at time.Time) string {
	return fmt.Sprintf("%0*d-%d%s", nameColumns, n, at.UnixMilli(), eventFile)
}

func parseName(name string) (n uint64, at time.Time, ok bool) {
	number, ms, _ := strings.Cut(strings.TrimSuffix(name, eventFile), "-")
	n, err := strconv.ParseUint(number, 10, 64)
	milli, errTime := strconv.ParseInt(ms, 10, 64)
	at = time.UnixMilli(milli)
	return n, at, err == nil && errTime == nil && name == fileName(n, at)
}

// push appends an event and returns how many old ones it dropped. If the disk fails, push returns the
// error and the event is in memory only.
func (s *spool) push(body []byte, at time.Time) (dropped int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := entry{name: fileName(s.next, at), at: at}
	s.next++
	if err = s.write(e.name, body); err != nil {
		e.body = body
	}
	s.waiting = append(s.waiting, e)
	for len(s.waiting) > s.most {
		s.pop()
		dropped++
	}
	select {
	case s.more <- struct{}{}:
	default:
	}
	return dropped, err
}

// write writes a file, and gives it its name when it is whole.
func (s *spool) write(name string, body []byte) error {
	path := filepath.Join(s.dir, name)
	err := os.WriteFile(path+unfinished, body, 0o640)
	if err == nil {
		err = os.Rename(path+unfinished, path)
	}
	if err != nil {
		_ = os.Remove(path + unfinished)
	}
	return err
}

// pop removes the oldest. The caller holds s.mu.
func (s *spool) pop() {
	if e := s.waiting[0]; e.body == nil {
		_ = os.Remove(filepath.Join(s.dir, e.name))
	}
	s.waiting[0] = entry{}
	s.waiting = s.waiting[1:]
}

// head returns the oldest event.
func (s *spool) head() (entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		return entry{}, false
	}
	return s.waiting[0], true
}

// remove removes an event if it is still the oldest.
func (s *spool) remove(e entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) > 0 && s.waiting[0].name == e.name {
		s.pop()
	}
}

// expire removes events older than a moment and returns their number.
func (s *spool) expire(moment time.Time) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.waiting) > 0 && s.waiting[0].at.Before(moment) {
		s.pop()
		n++
	}
	return n
}

func (s *spool) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting)
}

var errTorn = errors.New("the file of an event is not JSON")

// read returns an event's body.
func (s *spool) read(e entry) ([]byte, error) {
	if e.body != nil {
		return e.body, nil
	}
	body, err := os.ReadFile(filepath.Join(s.dir, e.name))
	if err == nil && !json.Valid(body) {
		err = errTorn
	}
	return body, err
}
