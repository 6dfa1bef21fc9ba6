package signaling

import (
	"crypto/rand"
	"sync"

	"tilemix/mcu"
)

// session is a WHIP or WHEP session: a participant and the ICE session that
// PATCH may speak of.
type session struct {
	who *mcu.Participant

	mu    sync.Mutex // held for a whole PATCH, so that they follow one another
	etag  string     // names the ICE session; strong, with its quotes
	offer string     // the client's newest, which an ICE restart varies
}

// over tells whether the participant has left.
func (s *session) over() bool {
	select {
	case <-s.who.Done():
		return true
	default:
		return false
	}
}

// newETag names an ICE session.
func newETag() string { return `"` + rand.Text() + `"` }

// sessions holds the sessions by their path, which ends in the participant's secret
// id. It is safe for concurrent use.
type sessions struct {
	mu     sync.Mutex
	byPath map[string]*session
}

func newSessions() *sessions { return &sessions{byPath: map[string]*session{}} }

// add keeps a new session and forgets those that are over.
func (s *sessions) add(endpoint string, ses *session) (path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for path, old := range s.byPath {
		if old.over() {
			delete(s.byPath, path)
		}
	}
	path = endpoint + "/" + ses.who.ID()
	s.byPath[path] = ses
	return path
}

// find returns the session of a path, or [mcu.ErrNotFound] when there is none or
// its participant has left.
func (s *sessions) find(path string) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ses := s.byPath[path]; ses != nil && !ses.over() {
		return ses, nil
	}
	delete(s.byPath, path)
	return nil, mcu.ErrNotFound
}

// take is find for the one who ends the session: nobody finds it after.
func (s *sessions) take(path string) (*session, error) {
	ses, err := s.find(path)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byPath[path] != ses {
		return nil, mcu.ErrNotFound
	}
	delete(s.byPath, path)
	return ses, nil
}
