package cluster

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tilemix/signaling"
	"tilemix/signaling/cluster/directory"
)

const (
	ofRecordings = "/cluster/recordings/" // path for other nodes, before the ID of one
	gathering    = time.Second            // for the other nodes to say what they have
)

// missing is the header that names the nodes whose part of a list did not come.
const missing = "Tilemix-Missing"

// list is an answer that all nodes have a part of: the field with the entries, and that of an entry which is unlike
// that of any other.
type list struct{ field, key string }

// listOf returns what a request lists of all nodes. ok is false for another request.
func listOf(r *http.Request) (l list, ok bool) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if r.Method != http.MethodGet || len(parts) < 3 || parts[0] != "api" || parts[1] != "v1" {
		return l, false
	}
	switch {
	case len(parts) == 3 && parts[2] == "rooms":
		return list{"rooms", "name"}, true
	case len(parts) == 3 && parts[2] == "recordings", len(parts) == 5 && parts[2] == "rooms" && parts[4] == "recordings":
		return list{"recordings", "id"}, true
	}
	return l, false
}

// recordingOf returns the ID of the recording that a request is about, "" for none.
func recordingOf(r *http.Request) string {
	path := strings.TrimPrefix(r.URL.Path, "/api/v1/")
	if room, is := strings.CutPrefix(path, "rooms/"); is {
		_, path, _ = strings.Cut(room, "/")
	}
	id, is := strings.CutPrefix(path, "recordings/")
	if id, _, _ = strings.Cut(id, "/"); !is || len(r.URL.Path) == len(path) || !wellFormed.MatchString(id) {
		return ""
	}
	return id
}

// gatherer answers requests about what several nodes have a part of. It is safe for concurrent use.
type gatherer struct {
	cluster *Cluster
	asker   asker
}

// others returns the living nodes but this one.
func (g gatherer) others() []directory.Node {
	return slices.DeleteFunc(g.cluster.Nodes(), func(n directory.Node) bool {
		return n.ID == g.cluster.cfg.ID || n.State == directory.Dead || n.State == directory.Silent
	})
}

// each calls f for all nodes at the same time, and returns once all calls have.
func each(nodes []directory.Node, f func(n directory.Node)) {
	var all sync.WaitGroup
	for _, n := range nodes {
		all.Go(func() { f(n) })
	}
	all.Wait()
}

// holder returns the node that has a recording: this one, if no other says so in time.
func (g gatherer) holder(ctx context.Context, id string) string {
	home := g.cluster.cfg.ID
	if g.cluster.cfg.Holds(id) {
		return home
	}
	ctx, cancel := context.WithTimeout(ctx, gathering)
	defer cancel()
	var mu sync.Mutex
	each(g.others(), func(n directory.Node) {
		if status, _, err := g.asker.get(ctx, n, ofRecordings+id, http.Header{}); err == nil && status == http.StatusNoContent {
			mu.Lock()
			defer mu.Unlock()
			home = n.ID
			cancel()
		}
	})
	return home
}

// serve answers another node that looks for a recording. It returns false for a request about something else.
func (g gatherer) serve(w http.ResponseWriter, r *http.Request) bool {
	id, is := strings.CutPrefix(r.URL.Path, ofRecordings)
	if !is || r.Header.Get("Tilemix-Hop") != "" {
		return false
	}
	w.WriteHeader(map[bool]int{true: http.StatusNoContent, false: http.StatusNotFound}[g.cluster.cfg.Holds(id)])
	return true
}

// gather answers with a list of all nodes. A client that this node refuses is refused.
func (g gatherer) gather(w http.ResponseWriter, r *http.Request, l list, site http.Handler) {
	here := r.Clone(r.Context())
	here.Header.Del("If-None-Match")
	here.Header.Del("Accept-Encoding")
	own := &sheet{header: http.Header{}}
	site.ServeHTTP(own, here)
	entries, more, ok := own.entries(l)
	if !ok {
		own.send(w)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), gathering)
	defer cancel()
	header := here.Header.Clone()
	signaling.Config{}.ToNode(r, header)
	var mu sync.Mutex
	var lost []string
	each(g.others(), func(n directory.Node) {
		status, body, err := g.asker.get(ctx, n, r.URL.RequestURI(), header.Clone())
		mu.Lock()
		defer mu.Unlock()
		part := &sheet{status: status}
		part.body.Write(body)
		theirs, further, ok := part.entries(l)
		if err != nil || !ok {
			lost = append(lost, n.ID)
			g.cluster.log.Debug("a list of a node does not come", "node", n.ID, "status", status, "reason", err)
			return
		}
		more = more || further
		for key, e := range theirs {
			if home, is := g.cluster.roster.home(key, time.Now()); entries[key] == nil || is && home.ID == n.ID {
				entries[key] = e
			}
		}
	})
	if lost != nil {
		slices.Sort(lost)
		w.Header().Set(missing, strings.Join(lost, ", "))
	}
	l.answer(w, r, own, entries, more)
}

// answer sends the entries of all nodes in the order of their keys, or a page of them.
func (l list) answer(w http.ResponseWriter, r *http.Request, own *sheet, entries map[string]json.RawMessage, more bool) {
	keys := make([]string, 0, len(entries))
	for key := range entries {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	all := map[string]any{}
	_ = json.Unmarshal(own.body.Bytes(), &all) // entries has read it
	if limit, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil && len(keys) > limit {
		keys, more = keys[:limit], true
	}
	own.header.Del("Link")
	if delete(all, "next"); more && len(keys) > 0 {
		query := r.URL.Query()
		query.Set("cursor", base64.RawURLEncoding.EncodeToString([]byte(keys[len(keys)-1])))
		all["next"] = query.Get("cursor")
		own.header.Set("Link", "<?"+query.Encode()+`>; rel="next"`)
	}
	some := make([]json.RawMessage, len(keys))
	for i, key := range keys {
		some[i] = entries[key]
	}
	all[l.field] = some
	data, err := json.Marshal(all)
	if err != nil {
		own.send(w)
		return
	}
	own.header.Del("ETag")
	own.body.Reset()
	own.body.Write(append(data, '\n'))
	own.send(w)
}

// sheet is an answer that is kept.
type sheet struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is http.ResponseWriter's.
func (s *sheet) Header() http.Header { return s.header }

// WriteHeader is http.ResponseWriter's.
func (s *sheet) WriteHeader(status int) { s.status = cmp.Or(s.status, status) }

// Write is http.ResponseWriter's.
func (s *sheet) Write(b []byte) (int, error) {
	s.WriteHeader(http.StatusOK)
	return s.body.Write(b)
}

// entries returns those of a list by their keys, and whether there are more pages.
func (s *sheet) entries(l list) (entries map[string]json.RawMessage, more, ok bool) {
	var all map[string]json.RawMessage
	var some []json.RawMessage
	if s.status != http.StatusOK || json.Unmarshal(s.body.Bytes(), &all) != nil || json.Unmarshal(all[l.field], &some) != nil {
		return nil, false, false
	}
	entries = map[string]json.RawMessage{}
	for _, e := range some {
		var fields map[string]json.RawMessage
		var key string
		if json.Unmarshal(e, &fields) != nil || json.Unmarshal(fields[l.key], &key) != nil {
			return nil, false, false
		}
		entries[key] = e
	}
	return entries, all["next"] != nil, true
}

// send answers a client with it.
func (s *sheet) send(w http.ResponseWriter) {
	for name, values := range s.header {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(s.status)
	_, _ = w.Write(s.body.Bytes()) // a client that has gone
}
