package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tilemix/signaling/access/book"
	"tilemix/signaling/cluster/directory"
)

const (
	ofBooks  = "/cluster/books" // path for other nodes
	fetching = 5 * time.Second  // for one of them to arrive
	calm     = time.Second      // after a look at a node that had nothing new
)

// Shelf has what outlives the calls in rooms: rules, invites, bans and PINs. [book.Shelf] is one.
type Shelf interface {
	Digest() uint64
	Editions() map[string]book.Edition
	Copy(room string) ([]byte, error)
	Adopt(room string, data []byte) error
}

// books has the nodes share their Books: a node that has another digest than this one is asked for the editions
// that this node lacks. It is safe for concurrent use. A goroutine for each node that is asked belongs to it.
type books struct {
	shelf   Shelf // nil: the nodes share none
	asker   asker
	log     func(what string, node directory.Node, err error)
	at      sync.WaitGroup
	adopted atomic.Uint64

	mu    sync.Mutex
	asked map[string]time.Time // until when a node is asked no more
}

func newBooks(c *Cluster, wire http.RoundTripper) *books {
	return &books{
		shelf: c.cfg.Shelf, asker: asker{wire}, asked: map[string]time.Time{},
		log: func(what string, n directory.Node, err error) {
			c.log.Warn(what+" of another node not taken: it is tried again", "node", n.ID, "reason", err)
		},
	}
}

// digest is what this node says of its Books, "" if there is nothing to say.
func (b *books) digest() string {
	if b.shelf == nil {
		return ""
	}
	return strconv.FormatUint(b.shelf.Digest(), 16)
}

// agree tells whether all living nodes have the Books of this one.
func (b *books) agree(nodes []directory.Node) bool {
	is := b.digest()
	for _, n := range nodes {
		if n.State == directory.Serving && n.Books != is {
			return false
		}
	}
	return true
}

// look asks the nodes, other than this one, that have other Books. now is time.Now.
func (b *books) look(ctx context.Context, self string, nodes []directory.Node, now time.Time) {
	if b.shelf == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	is := b.digest()
	for _, n := range nodes {
		if n.ID == self || n.Books == is || n.State == directory.Silent || n.State == directory.Dead || now.Before(b.asked[n.ID]) {
			continue
		}
		b.asked[n.ID] = now.Add(time.Hour)
		b.at.Go(func() {
			news, err := b.ask(ctx, n)
			if err != nil && ctx.Err() == nil {
				b.log("rules, invites, bans or PINs", n, err)
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			delete(b.asked, n.ID)
			if !news {
				b.asked[n.ID] = time.Now().Add(calm)
			}
		})
	}
}

// ask takes all that a node has and this one lacks.
func (b *books) ask(ctx context.Context, n directory.Node) (news bool, err error) {
	data, err := b.get(ctx, n, ofBooks)
	if err != nil {
		return false, err
	}
	var theirs map[string]book.Edition
	if err := json.Unmarshal(data, &theirs); err != nil {
		return false, err
	}
	ours := b.shelf.Editions()
	var failed error
	for room, e := range theirs {
		if !ours[room].Less(e) {
			continue
		}
		data, err := b.get(ctx, n, ofBooks+"/"+url.PathEscape(room))
		if err == nil {
			err = b.shelf.Adopt(room, data)
		}
		if err != nil {
			failed = fmt.Errorf("room %.64q: %w", room, err)
			continue
		}
		news = true
		b.adopted.Add(1)
	}
	return news, failed
}

func (b *books) get(ctx context.Context, n directory.Node, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetching)
	defer cancel()
	status, data, err := b.asker.get(ctx, n, path, http.Header{})
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the node answers with status %d", status)
	}
	return data, err
}

// serve answers another node. It returns false for a request about something else.
func (b *books) serve(w http.ResponseWriter, r *http.Request) bool {
	room, ok := strings.CutPrefix(r.URL.Path, ofBooks)
	if !ok || b.shelf == nil || r.Header.Get("Tilemix-Hop") != "" {
		return false
	}
	var data []byte
	var err error
	if room == "" {
		data, err = json.Marshal(b.shelf.Editions())
	} else {
		data, err = b.shelf.Copy(strings.TrimPrefix(room, "/"))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return true
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(data) // the other node tries again
	return true
}
