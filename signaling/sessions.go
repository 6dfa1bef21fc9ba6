package signaling

import (
	"crypto/rand"
	"sync"

	"golang.org/x/time/rate"

	"tilemix/mcu"
	"tilemix/mcu/policy"
)

// whipSession is a WHIP or WHEP session. It outlives the HTTP connection that made it.
type whipSession struct {
	stay
	who    *mcu.Participant
	from   publisher
	grant  policy.Grant
	resume string // secret: a client that knows it may come back; "": viewers may not
	path   string // whipSessions'

	restarts *rate.Limiter // of ICE

	mu    sync.Mutex // held for a whole PATCH, so that PATCHes follow one another
	etag  string     // names the ICE session; a strong entity tag, with its quotes
	offer string     // the client's newest; an ICE restart changes its credentials
}

// newETag returns the entity tag of a new ICE session.
func newETag() string { return `"` + rand.Text() + `"` }

// whipSessions holds the sessions by their path, which ends in a secret. It is safe for concurrent use.
type whipSessions struct {
	mu     sync.Mutex
	byPath map[string]*whipSession
}

func newWHIPSessions() *whipSessions { return &whipSessions{byPath: map[string]*whipSession{}} }

// add keeps a session until its connection ends, which leaves calls a function after.
func (s *whipSessions) add(endpoint, id string, ses *whipSession, leaves func(func())) (path string) {
	path = endpoint + "/" + id
	s.mu.Lock()
	ses.path = path
	s.byPath[path] = ses
	s.mu.Unlock()
	leaves(func() { _, _ = s.take(path) })
	return path
}

// meant returns the sessions that a publisher may have come back to: the one of a resume value, or
// without a value those of the same publisher.
func (s *whipSessions) meant(from publisher, resume string) (all []*whipSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ses := range s.byPath {
		if resume != "" && ses.resume == resume && ses.from.room == from.room || resume == "" && ses.resume != "" && ses.from.same(from) {
			all = append(all, ses)
		}
	}
	return all
}

// granted returns the grant of the session that a client with a resume value comes back to.
func (s *whipSessions) granted(room, resume string) (g policy.Grant, is bool) {
	all := s.meant(publisher{room: room}, resume)
	if resume == "" || len(all) == 0 {
		return g, false
	}
	return all[0].grant, true
}

// find returns the session of a path. [mcu.ErrNotFound] says that there is none or that
// its participant has left.
func (s *whipSessions) find(path string) (*whipSession, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ses := s.byPath[path]; ses != nil {
		return ses, nil
	}
	return nil, mcu.ErrNotFound
}

// take is find for the caller that ends the session: no later find returns it.
func (s *whipSessions) take(path string) (*whipSession, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ses := s.byPath[path]
	if ses == nil {
		return nil, mcu.ErrNotFound
	}
	delete(s.byPath, path)
	return ses, nil
}
