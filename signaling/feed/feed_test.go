package feed_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"tilemix/mcu/event"
	"tilemix/signaling/feed"
)

// numbered returns an event whose ID is a number.
func numbered(n int, room string) event.Event {
	e := event.New(event.HandRaised, room)
	e.ID = fmt.Sprint(n)
	return e
}

// heard reads n events and returns their IDs.
func heard(t *testing.T, s *feed.Stream, n int) (ids []string) {
	t.Helper()
	for range n {
		e, ok, err := s.Next(t.Context(), time.Minute)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		ids = append(ids, e.ID)
	}
	return ids
}

func listen(t *testing.T, f *feed.Feed, room, last string) *feed.Stream {
	t.Helper()
	s, err := f.Listen(room, last)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestReplay has a program come back: it gets what it has missed of its room, then what is new.
func TestReplay(t *testing.T) {
	f := feed.New(feed.Default())
	first := listen(t, f, "", "")
	for n := range 6 {
		f.Post(numbered(n, []string{"a", "b"}[n%2]))
	}
	for _, c := range []struct{ room, last, want string }{
		{"", "2", "[3 4 5]"}, {"a", "1", "[2 4]"}, {"", first.Last, "[0 1 2 3 4 5]"}, {"b", "gone", "[1 3 5]"},
	} {
		s := listen(t, f, c.room, c.last)
		n := len(c.want) / 2
		if got := fmt.Sprint(heard(t, s, n)); got != c.want {
			t.Errorf("room %q after %q: %s, want %s", c.room, c.last, got, c.want)
		}
		if _, ok, err := s.Next(t.Context(), time.Millisecond); ok || err != nil {
			t.Errorf("room %q after %q: more than %s (%v)", c.room, c.last, c.want, err)
		}
		s.Close()
	}
	if s := listen(t, f, "", ""); s.Last != "5" {
		t.Errorf("a new stream begins after %q", s.Last)
	}
}

// TestKept has more events, and older ones, than the feed keeps.
func TestKept(t *testing.T) {
	cfg := feed.Default()
	cfg.MaxEvents = 10
	f := feed.New(cfg)
	for n := range 25 {
		f.Post(numbered(n, "a"))
	}
	if got := fmt.Sprint(heard(t, listen(t, f, "", "0"), 10)); got != "[15 16 17 18 19 20 21 22 23 24]" {
		t.Errorf("kept %s", got)
	}
	late := numbered(25, "a")
	late.Time = late.Time.Add(time.Hour)
	f.Post(late)
	if got := fmt.Sprint(heard(t, listen(t, f, "", "0"), 1)); got != "[25]" {
		t.Errorf("after an hour %s", got)
	}
}

// TestLimits has a program that does not read, and more programs than may listen.
func TestLimits(t *testing.T) {
	cfg := feed.Default()
	cfg.Queue, cfg.MaxStreams = 4, 2
	f := feed.New(cfg)
	slow := listen(t, f, "", "")
	other := listen(t, f, "b", "")
	if _, err := f.Listen("", ""); !errors.Is(err, feed.ErrTooMany) {
		t.Errorf("a third program: %v", err)
	}
	for n := range 5 {
		f.Post(numbered(n, "a"))
	}
	heard(t, slow, 4)
	if _, _, err := slow.Next(t.Context(), time.Minute); !errors.Is(err, feed.ErrEnded) {
		t.Errorf("the slow program: %v", err)
	}
	slow.Close()
	if _, ok, err := other.Next(t.Context(), time.Millisecond); ok || err != nil {
		t.Errorf("the other program: %v %v", ok, err)
	}
	listen(t, f, "", "").Close()
}
