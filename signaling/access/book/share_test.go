package book_test

import (
	"slices"
	"testing"

	"tilemix/signaling/access/book"
)

// shared opens a shelf that others have too.
func shared(t testing.TB, dir string) shelf {
	t.Helper()
	s := open(t, dir)
	if err := s.Share(); err != nil {
		t.Fatal(err)
	}
	return s
}

// pull takes what another shelf has and this one lacks, and returns the rooms.
func (s shelf) pull(t testing.TB, from shelf) (rooms []string) {
	t.Helper()
	ours := s.Editions()
	for room, e := range from.Editions() {
		if !ours[room].Less(e) {
			continue
		}
		data, err := from.Copy(room)
		if err == nil {
			err = s.Adopt(room, data)
		}
		if err != nil {
			t.Fatal(err)
		}
		rooms = append(rooms, room)
	}
	slices.Sort(rooms)
	return rooms
}

func (s shelf) update(t testing.TB, room string, change func(*book.Book) error) {
	t.Helper()
	if _, err := s.Update(room, "", change); err != nil {
		t.Fatal(err)
	}
}

func (s shelf) view(t testing.TB, room string) book.Book {
	t.Helper()
	b, err := s.View(room)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestShare has two shelves take each other's Books: the one with more changes counts, also one that is empty by
// now, and after a restart. Then their digests are equal, and nothing is left to take.
func TestShare(t *testing.T) {
	dir := t.TempDir()
	old := open(t, dir)
	old.update(t, "before", rules(`{"locked":true}`)) // without editions
	a, b := shared(t, dir), shared(t, t.TempDir())
	a.update(t, "call", invites("1"))
	a.update(t, "call", invites("2"))
	b.update(t, "call", invites("3"))
	b.update(t, "banned", bans("Eve")) // in memory alone
	if got := b.pull(t, a); !slices.Equal(got, []string{"before", "call"}) {
		t.Errorf("b takes %v", got)
	}
	if got := a.pull(t, b); !slices.Equal(got, []string{"banned"}) {
		t.Errorf("a takes %v", got)
	}
	agree := func() {
		t.Helper()
		if a.Digest() != b.Digest() || a.Digest() == 0 {
			t.Errorf("the digests are %x and %x", a.Digest(), b.Digest())
		}
		if x, y := a.pull(t, b), b.pull(t, a); x != nil || y != nil {
			t.Errorf("they still take %v and %v", x, y)
		}
	}
	agree()
	if got := b.view(t, "call").Invites; len(got) != 2 || got[1].ID != "2" {
		t.Errorf("b has the invites %+v", got)
	}
	if got := a.view(t, "banned").Bans; len(got) != 1 {
		t.Errorf("a has the bans %+v", got)
	}
	if got := string(b.view(t, "before").Rules); got != `{"locked":true}` {
		t.Errorf("b has the rules %s", got)
	}

	b.update(t, "call", func(n *book.Book) error { n.Invites = nil; return nil })
	b.update(t, "banned", func(n *book.Book) error { n.Bans = nil; return nil })
	a = shared(t, dir) // started again, with the files of before
	if got := a.pull(t, b); !slices.Contains(got, "call") {
		t.Errorf("a takes %v, and not that there is nothing more", got)
	}
	if got := a.view(t, "call").Invites; got != nil {
		t.Errorf("a still has the invites %+v", got)
	}
	agree()
	a = shared(t, dir)
	if got := b.pull(t, a); got != nil {
		t.Errorf("after another start of a, b takes %v", got)
	}
}

// TestShareConflict: two shelves that each made as many changes end with one and the same Book.
func TestShareConflict(t *testing.T) {
	a, b := shared(t, t.TempDir()), shared(t, t.TempDir())
	a.update(t, "call", invites("1"))
	b.update(t, "call", invites("2"))
	if n := len(b.pull(t, a)) + len(a.pull(t, b)); n != 1 {
		t.Errorf("%d Books are taken", n)
	}
	if x, y := a.view(t, "call").Invites[0].ID, b.view(t, "call").Invites[0].ID; x != y {
		t.Errorf("one has %s, the other %s", x, y)
	}
}

// TestAdoptWrong: what is no Book, or of a newer version, or for no room, changes nothing.
func TestAdoptWrong(t *testing.T) {
	a := shared(t, t.TempDir())
	a.update(t, "call", invites("1"))
	is := a.Digest()
	for _, test := range []struct{ room, data string }{
		{"call", `{"version":1`}, {"call", `[]`}, {"call", `{"version":99,"revision":9}`}, {"../call", `{"version":1,"revision":9}`},
	} {
		if err := a.Adopt(test.room, []byte(test.data)); err == nil {
			t.Errorf("%s: %s is taken", test.room, test.data)
		}
	}
	if a.Digest() != is {
		t.Error("something has changed")
	}
}

// TestUnshared: a shelf that nobody shares counts no changes.
func TestUnshared(t *testing.T) {
	a := open(t, t.TempDir())
	a.update(t, "call", invites("1"))
	if b := a.view(t, "call"); b.Revision != 0 || a.Editions() != nil || a.Digest() != 0 {
		t.Errorf("%d changes, editions %v, digest %x", b.Revision, a.Editions(), a.Digest())
	}
}
