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

// newETag names an ICE session.
func newETag() string { return `"` + rand.Text() + `"` }

// sessions holds the sessions by their path, which ends in the participant's secret
// id. It is safe for concurrent use.
type sessions struct {
	mu     sync.Mutex
	byPath map[string]*session
}

func newSessions() *sessions { return &sessions{byPath: map[string]*session{}} }

// add keeps a session until its participant leaves.
func (s *sessions) add(endpoint string, ses *session) (path string) {
	path = endpoint + "/" + ses.who.ID()
	s.mu.Lock()
	s.byPath[path] = ses
	s.mu.Unlock()
	ses.who.AfterLeave(func() { _, _ = s.take(path) })
	return path
}

// find returns the session of a path, or [mcu.ErrNotFound] when there is none or
// its participant has left.
func (s *sessions) find(path string) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ses := s.byPath[path]; ses != nil {
		return ses, nil
	}
	return nil, mcu.ErrNotFound
}

// take is find for the one who ends the session: nobody finds it after.
func (s *sessions) take(path string) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ses := s.byPath[path]
	if ses == nil {
		return nil, mcu.ErrNotFound
	}
	delete(s.byPath, path)
	return ses, nil
}
