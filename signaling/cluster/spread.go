package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"tilemix/signaling"
	"tilemix/signaling/cluster/detour"
	"tilemix/signaling/cluster/directory"
	"tilemix/signaling/cluster/place"
)

const (
	reach      = 500 * time.Millisecond // for a node to take a connection; a silent one is dead then
	connect    = 2 * time.Second        // for a node that is not silent to take one
	greet      = 5 * time.Second        // for TLS between nodes
	header     = 10 * time.Second       // for a request's header to arrive
	answer     = time.Minute            // for a piece of an answer to leave
	spare      = 2 * time.Minute        // for which a connection between nodes is kept
	maxHeaders = 64 << 10               // bytes of a request's header, with what nodes add
	maxOpening = 256 << 10              // bytes of a body that may begin a room
)

// elsewhere is the header of a 421 that names the home of a room.
const elsewhere = "Tilemix-Home"

// errHere says that a room begins at this node after all.
var errHere = errors.New("the room is here")

// spread hands requests to the homes of their rooms. It is safe for concurrent use.
type spread struct {
	cluster *Cluster
	site    http.Handler
	secure  *tls.Config
	proxy   *httputil.ReverseProxy
	wire    *http.Transport

	gatherer gatherer

	handed, moved atomic.Uint64 // requests that went to another node, and those that found a dead one
	dead, alive   atomic.Uint64 // nodes that were probed

	mu    sync.Mutex
	links map[string]map[*link]bool // requests that are under way, by their nodes
	tried map[string]bool           // nodes that are being probed
}

// link is a request that another node answers.
type link struct{ cancel context.CancelFunc }

func newSpread(c *Cluster, secure *tls.Config) *spread {
	s := &spread{cluster: c, secure: secure, links: map[string]map[*link]bool{}, tried: map[string]bool{}}
	s.wire = &http.Transport{
		DialContext: (&net.Dialer{Timeout: connect}).DialContext, TLSHandshakeTimeout: greet, TLSClientConfig: secure,
		MaxIdleConnsPerHost: 16, IdleConnTimeout: spare, DisableCompression: true,
	}
	s.gatherer = gatherer{c, asker{s.wire}}
	s.proxy = &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.Host = "https", p.In.Host
			signaling.Config{}.ToNode(p.In, p.Out.Header)
		},
		Transport: s, FlushInterval: -1, ErrorHandler: s.fail,
		ErrorLog: slog.NewLogLogger(c.log.Handler(), slog.LevelDebug),
	}
	return s
}

// ServeHTTP serves a request of a client.
func (s *spread) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	relays := s.cluster.Relays
	if relays.forged(w, r) {
		return
	}
	if l, is := listOf(r); is {
		s.gatherer.gather(w, r, l, s.site)
		return
	}
	room, opens := target(r)
	home, gone, err := s.way(r, room, opens)
	if err != nil {
		refuse(w, err)
		return
	}
	node, known := s.cluster.roster.node(home, time.Now())
	own := home == s.cluster.cfg.ID || !known
	if own && (s.cluster.cfg.Above <= 0 || !watches(r)) {
		s.site.ServeHTTP(w, r)
		return
	}
	if !own && s.cluster.cfg.Redirect && follows(r) && node.URL != "" {
		http.Redirect(w, r, node.URL+r.URL.RequestURI(), http.StatusTemporaryRedirect)
		return
	}
	if watches(r) {
		r = detour.Say{Able: true}.With(r)
	}
	t, trial := &trip{in: r, room: room, opens: opens, node: node}, gone && session(r)
	asks := session(r) && r.Method == http.MethodPatch // of a session, whose home may be dead
	if (opens || trial || asks) && r.Body != nil {
		if t.body, err = io.ReadAll(io.LimitReader(r.Body, maxOpening+1)); err != nil || len(t.body) > maxOpening {
			refuse(w, errLong)
			return
		}
	}
	if own {
		relays.host(w, t)
		return
	}
	if trial && here(s.site, w, r, t.body) {
		return
	}
	s.handed.Add(1)
	s.proxy.ServeHTTP(&unhurried{w, http.NewResponseController(w)}, r.WithContext(context.WithValue(r.Context(), tripKey{}, t)))
}

// way returns which node is to answer a request. gone: the room has left this node, where some of its sessions
// still are.
func (s *spread) way(r *http.Request, room string, opens bool) (home string, gone bool, err error) {
	self := s.cluster.cfg.ID
	if id := nodeOf(r); id != "" {
		return id, false, nil
	}
	if id := recordingOf(r); id != "" {
		return s.gatherer.holder(r.Context(), id), false, nil
	}
	if at := r.URL.Query().Get("at"); session(r) && wellFormed.MatchString(at) { // a relay has it
		return at, false, nil
	}
	if home, gone = s.cluster.mover.to(room); gone {
		return home, true, nil
	}
	if room == "" || s.cluster.cfg.Has(room) {
		return self, false, nil
	}
	home, err = s.cluster.find(r.Context(), room, opens, directory.Node{})
	return home, false, err
}

// RoundTrip is the proxy's way to a home. It goes on to another if the home has moved or died.
func (s *spread) RoundTrip(r *http.Request) (*http.Response, error) {
	t := r.Context().Value(tripKey{}).(*trip)
	var last error
	for range tries {
		response, err := s.hop(r, t)
		next := ""
		switch {
		case err == nil && response.StatusCode == http.StatusMisdirectedRequest && response.Header.Get(elsewhere) != "":
			next = response.Header.Get(elsewhere)
			response.Body.Close()
		case err == nil && detour.Passes(response.StatusCode, response.Header):
			t.named = response.Header
			response.Body.Close()
			return nil, errPassed
		case err == nil:
			s.cluster.log.Debug("another node answers", "request", response.Header.Get("X-Request-Id"), "node", t.node.ID, "room", t.room, "status", response.StatusCode)
			return response, nil
		case r.Context().Err() != nil || r.Body != nil && r.Body != http.NoBody && t.body == nil:
			return nil, err
		default:
			dead := t.node
			if !s.probe(dead.ID, dead.Run) {
				if unsent, ok := errors.AsType[*net.OpError](err); ok && unsent.Op == "dial" { // it is slow
					next = dead.ID
					break
				}
				return nil, err
			}
			s.moved.Add(1)
			if next, last = s.cluster.find(r.Context(), t.room, t.opens, dead); last != nil {
				return nil, last
			}
		}
		if next == s.cluster.cfg.ID {
			return nil, errHere
		}
		node, known := s.cluster.roster.node(next, time.Now())
		if !known {
			return nil, errAway
		}
		t.node = node
	}
	return nil, errAway
}

var (
	errAway = errors.New("the server that has this room does not answer: try again")
	errLong = errors.New("the body is too long to begin a room with")
)

// hop sends a request to one node. The link to it lasts as long as the answer.
func (s *spread) hop(r *http.Request, t *trip) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	out := r.Clone(ctx)
	out.URL.Host = t.node.Inside
	if t.body != nil {
		out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(t.body)), int64(len(t.body))
	}
	l := &link{cancel}
	s.hold(t.node.ID, l)
	context.AfterFunc(ctx, func() { s.release(t.node.ID, l) }) // the proxy ends the request's context
	response, err := s.wire.RoundTrip(out)
	if err != nil {
		cancel()
		return nil, err
	}
	if response.StatusCode == http.StatusSwitchingProtocols { // the transport gives the connection away
		body := response.Body // the proxy takes it out
		context.AfterFunc(ctx, func() { _ = body.Close() })
	}
	return response, nil
}

func (s *spread) hold(id string, l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.links[id] == nil {
		s.links[id] = map[*link]bool{}
	}
	s.links[id][l] = true
}

func (s *spread) release(id string, l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if delete(s.links[id], l); len(s.links[id]) == 0 {
		delete(s.links, id)
	}
}

// cut ends all requests that a node was to answer.
func (s *spread) cut(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.links[id] {
		l.cancel()
	}
}

// probe tells whether a run of a node is dead: it refuses connections, or neither beats nor connects. Then its
// rooms may begin elsewhere.
func (s *spread) probe(id, run string) (dead bool) {
	node, known := s.cluster.roster.node(id, time.Now())
	switch {
	case !known || id == s.cluster.cfg.ID:
		return false
	case node.Run != run || node.State == directory.Dead:
		return true
	}
	conn, err := net.DialTimeout("tcp", node.Inside, reach)
	if err == nil {
		conn.Close()
		s.alive.Add(1)
		return false
	}
	if node, _ = s.cluster.roster.node(id, time.Now()); node.State != directory.Silent && !errors.Is(err, syscall.ECONNREFUSED) {
		return false
	}
	s.dead.Add(1)
	s.cluster.log.Warn("a node is dead", "id", id, "reason", err)
	s.cluster.roster.bury(id, run)
	s.cut(id)
	return true
}

// fail answers a request that no other node has answered.
func (s *spread) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errHere) {
		t := r.Context().Value(tripKey{}).(*trip)
		again := t.in.Clone(t.in.Context())
		if t.body != nil {
			again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(t.body)), int64(len(t.body))
		}
		s.site.ServeHTTP(w, again)
		return
	}
	if errors.Is(err, errPassed) {
		t := r.Context().Value(tripKey{}).(*trip)
		s.cluster.Relays.detour(w, t, t.named)
		return
	}
	s.cluster.log.Debug("a request for another node has no answer", "reason", err)
	if !errors.Is(err, place.ErrFull) {
		err = errAway
	}
	refuse(w, err)
}
