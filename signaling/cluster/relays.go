package cluster

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tilemix/mcu/relay"
	"tilemix/signaling"
	"tilemix/signaling/cluster/detour"
	"tilemix/signaling/cluster/directory"
)

var (
	errHomeless = errors.New("no node has the room")
	errPassed   = errors.New("the home names a relay")
)

// forgery is logged once.
const forgery = "a request from outside the cluster says that it is a node's"

// Relays chooses the nodes by which viewers receive rooms of this node, and brings this node, as a relay, what other
// nodes mix. It is safe for concurrent use.
type Relays struct {
	cluster *Cluster
	passed  atomic.Uint64 // viewers that this node has sent to relays

	mu     sync.Mutex
	listed map[string]map[string]int // viewers of each room at each node, as that said last
	sent   map[string]map[string]int // viewers that went there since
}

func newRelays(c *Cluster) *Relays {
	return &Relays{cluster: c, listed: map[string]map[string]int{}, sent: map[string]map[string]int{}}
}

// hear takes how many viewers each room has that a node relays.
func (r *Relays) hear(node string, rooms map[string]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listed[node] = rooms
	delete(r.sent, node)
}

// Choose returns the node by which a further viewer is to receive a room of this node, "" for this one. A node
// that relays the room already takes as many clients as the home does before another node begins to.
func (r *Relays) Choose(room string) string {
	c := r.cluster
	if c.cfg.Above <= 0 || c.cfg.Entered(room) < c.cfg.Above {
		return ""
	}
	var fit []directory.Node
	for _, n := range c.roster.all(time.Now()) {
		if n.ID != c.cfg.ID && n.State == directory.Serving && (n.Limit >= 1 || n.Load < n.Limit) {
			fit = append(fit, n)
		}
	}
	if len(fit) == 0 {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	viewers := func(n directory.Node) int { return r.listed[n.ID][room] + r.sent[n.ID][room] }
	rank := func(n directory.Node) int {
		switch v := viewers(n); {
		case v == 0:
			return 1
		case v < c.cfg.Above:
			return 0
		}
		return 2
	}
	best := slices.MinFunc(fit, func(a, b directory.Node) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(viewers(a), viewers(b)), cmp.Compare(a.Load, b.Load), cmp.Compare(a.ID, b.ID))
	})
	if r.sent[best.ID] == nil {
		r.sent[best.ID] = map[string]int{}
	}
	r.sent[best.ID][room]++
	return best.ID
}

// Exchange hands an offer of this node, as a relay, to the home of a room, and returns the answer. It begins no room.
func (r *Relays) Exchange(ctx context.Context, room string, p relay.Part, offer string) (answer string, err error) {
	c := r.cluster
	home, known := c.roster.home(room, time.Now())
	if c.cfg.Has(room) {
		home, known = c.roster.node(c.cfg.ID, time.Now())
	}
	if !known {
		return "", errHomeless
	}
	to, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+home.Inside+"/whep/"+room, strings.NewReader(offer))
	if err != nil {
		return "", err
	}
	to.Header.Set("Content-Type", "application/sdp")
	to.RemoteAddr = home.Inside
	signaling.Config{}.ToNode(detour.Say{Pull: p.Rung + 1}.With(to), to.Header)
	response, err := c.spread.wire.RoundTrip(to)
	if err != nil {
		if ctx.Err() == nil {
			c.spread.probe(home.ID, home.Run)
		}
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxOpening))
	if err == nil && response.StatusCode != http.StatusCreated {
		err = fmt.Errorf("node %s answers %d: %.200s", home.ID, response.StatusCode, bytes.TrimSpace(body))
	}
	return string(body), err
}

// watches tells whether a request asks to watch a room.
func watches(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/whep/") && !session(r)
}

// forged tells whether a request from outside says that it is a node's, and logs the first.
func (r *Relays) forged(w http.ResponseWriter, q *http.Request) bool {
	if !(signaling.Config{}).Forges(q) {
		return false
	}
	if _, noted := r.cluster.noted.LoadOrStore(forgery, true); !noted {
		r.cluster.log.Warn(forgery, "from", q.RemoteAddr)
	}
	http.Error(w, "this is for nodes of the cluster, at their own address", http.StatusForbidden)
	return true
}

// host serves a viewer of a room of this node, or has a relay serve it. The body of the request is kept.
func (r *Relays) host(w http.ResponseWriter, t *trip) {
	a := &attempt{ResponseWriter: w, header: w.Header().Clone(), unless: detour.Passes}
	r.cluster.spread.site.ServeHTTP(a, t.again(detour.Say{Able: true}))
	if !a.none {
		return
	}
	t.node, _ = r.cluster.roster.node(r.cluster.cfg.ID, time.Now())
	r.detour(w, t, a.header)
}

// detour has the node that a home names serve a viewer, as a relay. If it cannot, the home does.
func (r *Relays) detour(w http.ResponseWriter, t *trip, named http.Header) {
	home := t.node
	id, say, err := detour.Told(named)
	node, known := r.cluster.roster.node(id, time.Now())
	if err != nil || !known {
		refuse(w, errAway)
		return
	}
	r.passed.Add(1)
	for _, at := range []directory.Node{node, home} {
		say.Here = at.ID == node.ID
		if r.serveAt(w, t, at, say, say.Here) {
			return
		}
		r.cluster.log.Warn("a relay does not take a viewer, so the home does", "room", t.room, "node", id)
	}
	refuse(w, errAway)
}

// serveAt has a node serve a viewer of which nodes say something. It returns false if the node has not; trial: also if
// it has refused.
func (r *Relays) serveAt(w http.ResponseWriter, t *trip, at directory.Node, say detour.Say, trial bool) bool {
	if at.ID == r.cluster.cfg.ID {
		answer := httptest.NewRecorder()
		r.cluster.spread.site.ServeHTTP(answer, t.again(say))
		return hand(w, answer.Result(), trial)
	}
	out := t.again(say)
	out.URL.Scheme, out.Host, out.RequestURI = "https", t.in.Host, ""
	signaling.Config{}.ToNode(out, out.Header)
	there := *t
	there.node = at
	response, err := r.cluster.spread.hop(out, &there)
	if err != nil {
		r.cluster.log.Debug("a node does not serve a viewer", "node", at.ID, "reason", err)
		r.cluster.spread.probe(at.ID, at.Run)
		return false
	}
	return hand(w, response, trial)
}

// hand gives a client the answer of a node. It returns false for one that does not count.
func hand(w http.ResponseWriter, answer *http.Response, trial bool) bool {
	defer answer.Body.Close()
	if trial && answer.StatusCode != http.StatusCreated {
		return false
	}
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
	return true
}

// trip is a request's way to a home.
type trip struct {
	in    *http.Request // the client's
	room  string
	opens bool
	body  []byte // of a request that may begin the room; nil: it is not kept
	node  directory.Node
	named http.Header // of an answer that names a relay; nil: there was none
}

type tripKey struct{}

// again returns the client's request once more, of which nodes say something.
func (t *trip) again(say detour.Say) *http.Request {
	again := say.With(t.in.Clone(t.in.Context()))
	again.Header.Del("Connection")
	again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(t.body)), int64(len(t.body))
	return again
}
