package via_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"tilemix/mcu/gateway/via"
)

// server is a process with a room of each name.
type server struct {
	t *testing.T
	*via.Rooms
}

// push sends one room's list to another, as the gateway does, and returns why it was refused.
func push(from server, room string, to server, into string) (via.List, func(), error) {
	from.t.Helper()
	list, err := from.List(room)
	if err != nil {
		return via.List{}, nil, err
	}
	from.t.Cleanup(list.Release)
	leave, err := to.Enter(into, []string{list.Header})
	return list, leave, err
}

// TestLoops closes loops of one, two and three rooms.
func TestLoops(t *testing.T) {
	a, b, c := server{t, via.New()}, server{t, via.New()}, server{t, via.New()}
	if _, _, err := push(a, "one", a, "one"); !errors.Is(err, via.ErrLoop) || !strings.Contains(err.Error(), "own mix") {
		t.Errorf("into itself: %v", err)
	}
	if _, _, err := push(a, "one", a, "two"); err != nil {
		t.Errorf("into another room of the same server: %v", err)
	}
	if _, _, err := push(a, "two", a, "one"); !errors.Is(err, via.ErrLoop) {
		t.Errorf("and back: %v", err)
	}
	if _, _, err := push(a, "x", b, "x"); err != nil {
		t.Errorf("into a room of the same name elsewhere: %v", err)
	}
	if _, _, err := push(b, "x", c, "x"); err != nil {
		t.Error(err)
	}
	if _, _, err := push(c, "x", a, "x"); !errors.Is(err, via.ErrLoop) {
		t.Errorf("a loop of three: %v", err)
	}
	if _, _, err := push(c, "x", a, "y"); err != nil {
		t.Errorf("a chain of three: %v", err)
	}
}

// TestClosedLater closes a loop of three whose last part is the oldest: its list grows.
func TestClosedLater(t *testing.T) {
	a, b, c := server{t, via.New()}, server{t, via.New()}, server{t, via.New()}
	old, leave, err := push(c, "x", a, "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := push(b, "x", c, "x"); err != nil {
		t.Fatal(err)
	}
	<-old.Grown
	leave()
	if _, _, err := push(c, "x", a, "x"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := push(a, "x", b, "x"); !errors.Is(err, via.ErrLoop) {
		t.Errorf("the loop is not seen: %v", err)
	}
}

// TestClosedAtOnce begins the three pushes of a loop before any of them has arrived: the lists grow
// from room to room until one sees itself.
func TestClosedAtOnce(t *testing.T) {
	all := []server{{t, via.New()}, {t, via.New()}, {t, via.New()}}
	lists, leaves := make([]via.List, 3), make([]func(), 3)
	for i, s := range all {
		var err error
		if lists[i], err = s.List("x"); err != nil {
			t.Fatal(err)
		}
	}
	for i := range all {
		var err error
		if leaves[i], err = all[(i+1)%3].Enter("x", []string{lists[i].Header}); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		for i := range all {
			<-lists[i].Grown
			leaves[i]()
			lists[i].Release()
			var err error
			if lists[i], err = all[i].List("x"); err != nil {
				t.Fatal(err)
			}
			if leaves[i], err = all[(i+1)%3].Enter("x", []string{lists[i].Header}); errors.Is(err, via.ErrLoop) {
				return
			}
		}
	}
	t.Error("the loop is not seen")
}

// TestGrown has the list of a room grow by what is new alone, and shrink.
func TestGrown(t *testing.T) {
	r, other := via.New(), via.New()
	foreign, err := other.List("x")
	if err != nil {
		t.Fatal(err)
	}
	list := func() via.List {
		t.Helper()
		l, err := r.List("room")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	grown := func(l via.List) bool {
		select {
		case <-l.Grown:
			return true
		default:
			return false
		}
	}
	alone := list()
	leave, err := r.Enter("room", []string{foreign.Header})
	if err != nil || !grown(alone) {
		t.Fatalf("grown %v, %v", grown(alone), err)
	}
	both := list()
	again, err := r.Enter("room", []string{foreign.Header})
	if err != nil || grown(both) {
		t.Errorf("the same publisher twice: grown %v, %v", grown(both), err)
	}
	leave()
	leave()
	if l := list(); l.Header != both.Header {
		t.Errorf("one of two has left: %s, not %s", l.Header, both.Header)
	}
	again()
	if l := list(); l.Header != alone.Header {
		t.Errorf("both have left: %s, not %s", l.Header, alone.Header)
	}
	if _, err := r.Enter("room", nil); err != nil || !strings.Contains(both.Header, foreign.Header) {
		t.Errorf("a browser is %v; the list was %s", err, both.Header)
	}
}

// TestHeaders reads headers as clients may write them.
func TestHeaders(t *testing.T) {
	id := strings.Repeat("0", 16)
	for _, c := range []struct {
		header string
		want   error
	}{
		{"", nil},
		{" ", nil},
		{id, nil},
		{id + " ,\t" + id, nil},
		{strings.Repeat(id+", ", 31) + id, nil},
		{strings.Repeat(id+", ", 32) + id, via.ErrHeader},
		{id + ",", via.ErrHeader},
		{id + "0", via.ErrHeader},
		{strings.Repeat("Z", 16), via.ErrHeader},
		{"\x00", via.ErrHeader},
	} {
		if _, err := via.New().Enter("room", []string{c.header}); !errors.Is(err, c.want) {
			t.Errorf("%.40q is %v", c.header, err)
		}
	}
	if http.CanonicalHeaderKey(via.Header) != via.Header {
		t.Errorf("%s is not canonical", via.Header)
	}
}

// TestMany has more rooms inside a mix than a list may have: its push is refused here.
func TestMany(t *testing.T) {
	r, other := via.New(), via.New()
	for i := range 32 {
		list, err := other.List(strings.Repeat("x", i+1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Enter("room", []string{list.Header}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.List("room"); (err != nil) != (i >= 31) {
			t.Errorf("with %d rooms inside: %v", i+1, err)
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add("0123456789abcdef, fedcba9876543210")
	f.Fuzz(func(t *testing.T, header string) {
		r := via.New()
		if _, err := r.Enter("room", []string{header}); err != nil {
			return
		}
		list, err := r.List("room")
		if err != nil && !errors.Is(err, via.ErrLoop) {
			t.Fatal(err)
		}
		if _, err := via.New().Enter("room", []string{list.Header}); err != nil {
			t.Errorf("of %q it makes %q: %v", header, list.Header, err)
		}
	})
}
