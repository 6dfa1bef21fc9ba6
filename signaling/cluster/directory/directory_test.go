package directory

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return start.Add(d) }

func beat(id, run string, number uint64) Beat {
	return Beat{ID: id, Run: run, Number: number, Protocol: Protocol, State: Serving, Cores: 2}
}

func hear(t *testing.T, d *Directory, b Beat, now time.Time) {
	t.Helper()
	if _, err := d.Hear(b, now); err != nil {
		t.Fatal(err)
	}
}

// TestSilence: a silent node gets no new room, and keeps those that it has. Only a node that could not
// be reached loses them.
func TestSilence(t *testing.T) {
	d := New()
	hear(t, d, beat("a", "1", 1), at(0))
	hear(t, d, beat("b", "1", 1), at(0))
	d.List("a", "1", []Room{{Name: "demo", People: 2}})
	if got := d.Serving(at(Silence - 1)); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("serving: %v", got)
	}
	hear(t, d, beat("b", "1", 2), at(Silence))
	if got := d.Serving(at(Silence)); !slices.Equal(got, []string{"b"}) {
		t.Errorf("serving with one silent: %v", got)
	}
	if home, ok := d.Home("demo", at(time.Minute)); !ok || home.ID != "a" || home.State != Silent {
		t.Errorf("the room of a silent node is at %+v, %v", home, ok)
	}
	d.Bury("a", "other run")
	if _, ok := d.Home("demo", at(time.Minute)); !ok {
		t.Error("another run of the node is dead, and its room is lost")
	}
	d.Bury("a", "1")
	if home, ok := d.Home("demo", at(time.Minute)); ok {
		t.Errorf("the room of a dead node is at %+v", home)
	}
	if all := d.Nodes(at(time.Minute)); len(all) != 2 || all[0].State != Dead {
		t.Errorf("nodes: %+v", all)
	}
	hear(t, d, beat("a", "1", 2), at(time.Minute))
	if got := d.Serving(at(time.Minute)); !slices.Equal(got, []string{"a"}) {
		t.Errorf("serving after the dead came back: %v", got)
	}
	if all := d.Nodes(at(time.Minute + forget)); len(all) != 0 {
		t.Errorf("after 10 minutes of silence: %+v", all)
	}
}

// TestTwins: while a node lives, no other has its ID. A node that was started anew takes it over, and
// begins without rooms.
func TestTwins(t *testing.T) {
	d := New()
	hear(t, d, beat("a", "1", 7), at(0))
	d.List("a", "1", []Room{{Name: "demo"}})
	if _, err := d.Hear(beat("a", "2", 1), at(Silence-1)); !errors.Is(err, ErrTwin) {
		t.Errorf("a twin: %v", err)
	}
	d.List("a", "2", nil)
	if _, ok := d.Home("demo", at(0)); !ok {
		t.Error("a twin's list counts")
	}
	hear(t, d, beat("a", "2", 1), at(Silence))
	if _, ok := d.Home("demo", at(Silence)); ok {
		t.Error("a node that began anew has its rooms of before")
	}
	d.Bury("a", "2")
	hear(t, d, beat("a", "3", 1), at(Silence)) // it said that it stops, and began anew at once
}

// TestRefused: nodes of other versions, old beats, and more nodes than there may be.
func TestRefused(t *testing.T) {
	d := New()
	for _, version := range []int{-1, 0, Protocol + 2} {
		b := beat("a", "1", 1)
		b.Protocol = version
		if _, err := d.Hear(b, at(0)); !errors.Is(err, ErrProtocol) {
			t.Errorf("version %d: %v", version, err)
		}
	}
	next := beat("a", "1", 5)
	next.Protocol = Protocol + 1
	hear(t, d, next, at(0))
	old := beat("a", "1", 4)
	old.State = Draining
	hear(t, d, old, at(time.Minute))
	if all := d.Nodes(at(time.Minute)); len(all) != 1 || all[0].Number != 5 || all[0].State != Silent {
		t.Errorf("after an old beat: %+v", all)
	}
	for i := range most - 1 {
		hear(t, d, beat(fmt.Sprint("n", i), "1", 1), at(0))
	}
	if _, err := d.Hear(beat("more", "1", 1), at(0)); !errors.Is(err, errFull) {
		t.Errorf("node %d: %v", most+1, err)
	}
}

// TestOneHome: however two directories heard of the same nodes, they name the same home, and it has the
// most people.
func TestOneHome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "nodes")
		rooms := make([]Room, n)
		top := 0
		for i := range rooms {
			rooms[i] = Room{Name: "demo", People: rapid.IntRange(0, 3).Draw(t, "people"), Since: rapid.Int64Range(0, 2).Draw(t, "since")}
			top = max(top, rooms[i].People)
		}
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		var homes []string
		for range 2 {
			d := New()
			for _, i := range rapid.Permutation(all).Draw(t, "order") {
				id := fmt.Sprint("node", i)
				if _, err := d.Hear(beat(id, "1", 1), at(0)); err != nil {
					t.Fatal(err)
				}
				d.List(id, "1", rooms[i:i+1])
			}
			home, ok := d.Home("demo", at(0))
			if !ok || home.Rooms[0].People != top {
				t.Fatalf("home: %+v, %v of %+v", home, ok, rooms)
			}
			homes = append(homes, home.ID)
		}
		if homes[0] != homes[1] {
			t.Fatalf("two nodes disagree: %v", homes)
		}
	})
}

// TestCandidates: a node that drains gets nothing.
func TestCandidates(t *testing.T) {
	d := New()
	hear(t, d, beat("a", "1", 1), at(0))
	drains := beat("b", "1", 1)
	drains.State = Draining
	hear(t, d, drains, at(0))
	d.List("a", "1", []Room{{Name: "x"}, {Name: "y"}})
	got := d.Candidates(at(0))
	if len(got) != 1 || got[0].ID != "a" || got[0].Rooms != 2 || got[0].Cores != 2 {
		t.Errorf("candidates: %+v", got)
	}
}

// TestMoved: a room that has left a node is at the other, also before the other has said so, and as long as it lives.
func TestMoved(t *testing.T) {
	d := New()
	for _, id := range []string{"a", "b", "c"} {
		hear(t, d, beat(id, "1", 1), at(0))
	}
	d.List("a", "1", []Room{{Name: "demo", People: 9, Since: 1, To: "b"}})
	if home, ok := d.Home("demo", at(0)); !ok || home.ID != "b" {
		t.Errorf("the room is at %q, %v, before its new home has listed it", home.ID, ok)
	}
	d.List("b", "1", []Room{{Name: "demo", Since: 2}})
	if home, ok := d.Home("demo", at(0)); !ok || home.ID != "b" {
		t.Errorf("the room is at %q, %v, while its people are on the way", home.ID, ok)
	}
	d.List("c", "1", []Room{{Name: "demo", People: 1, Since: 3}})
	if home, ok := d.Home("demo", at(0)); !ok || home.ID != "c" {
		t.Errorf("of two rooms the smaller is home: %q, %v", home.ID, ok)
	}
	d.List("c", "1", nil)
	d.Bury("b", "1")
	if home, ok := d.Home("demo", at(0)); ok {
		t.Errorf("the room went to a node that is dead, and is at %q", home.ID)
	}
	d.List("a", "1", []Room{{Name: "demo", People: 9, Since: 1, To: "nobody"}})
	if home, ok := d.Home("demo", at(0)); ok {
		t.Errorf("the room went to a node that nobody knows, and is at %q", home.ID)
	}
}

// TestOrigins: the origins of other nodes that live, and of no node whose URL is none.
func TestOrigins(t *testing.T) {
	d := New()
	for id, url := range map[string]string{
		"a": "https://A.example.org/path", "b": "http://b.example.org:8080", "b2": "http://b.example.org:8080/", "self": "https://self.example.org",
		"none": "", "script": "javascript:alert(1)", "bad": "https://x.org;script-src*", "broken": "https://%zz",
	} {
		b := beat(id, "1", 1)
		b.URL = url
		hear(t, d, b, at(0))
	}
	want := []string{"http://b.example.org:8080", "https://a.example.org"}
	if got := d.Origins("self", at(0)); !slices.Equal(got, want) {
		t.Errorf("origins: %q, want %q", got, want)
	}
	if got := d.Origins("self", at(Silence)); len(got) != 0 {
		t.Errorf("origins of silent nodes: %q", got)
	}
}
