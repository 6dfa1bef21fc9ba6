package cluster_test

import (
	"fmt"
	"net/http"
	"testing"

	"tilemix/mcu/mcutest/poll"
	"tilemix/signaling/access/book"
)

// TestBooks: what is decided about rooms at one node holds at all, also at one that comes later or was cut off
// meanwhile, and no client gets it.
func TestBooks(t *testing.T) {
	a := start(t, "a", secret)
	ban := func(n *node, id string) {
		t.Helper()
		if _, err := n.shelf.Update("call", "", func(b *book.Book) error { b.Bans = append(b.Bans, book.Ban{ID: id}); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	bans := func(n *node, want ...string) {
		t.Helper()
		poll.Until(t, fmt.Sprintf("%s has the bans %v", n.id, want), func() bool {
			b, err := n.shelf.View("call")
			if err != nil || len(b.Bans) != len(want) {
				return false
			}
			for i := range want {
				if b.Bans[i].ID != want[i] {
					return false
				}
			}
			return true
		})
	}
	ban(a, "1")
	b := start(t, "b", secret, a.routes)
	bans(b, "1")
	ban(b, "2")
	bans(a, "1", "2")
	a.cut.Store(true)
	ban(a, "3")
	b.knows(t, "b")
	a.cut.Store(false)
	bans(b, "1", "2", "3")
	for _, path := range []string{"/cluster/books", "/cluster/books/call"} {
		if status, body := do(t, http.MethodGet, a.url+path, ""); status != http.StatusNotFound {
			t.Errorf("GET %s: %d %s", path, status, body)
		}
	}
	poll.Until(t, "the nodes say that they agree", func() bool {
		nodes := a.cluster.Nodes()
		return len(nodes) == 2 && nodes[0].Books != "" && nodes[0].Books == nodes[1].Books
	})
}
