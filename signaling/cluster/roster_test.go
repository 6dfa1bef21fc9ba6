package cluster

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/signaling/cluster/directory"
	"tilemix/signaling/cluster/place"
)

var dawn = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// heard returns the roster of the first of some nodes, which knows all of them as serving.
func heard(t interface{ Fatal(...any) }, ids ...string) *roster {
	r := newRoster(ids[0], "run")
	for _, id := range ids {
		b := directory.Beat{ID: id, Run: "run", Number: 1, Protocol: directory.Protocol, State: directory.Serving, Cores: 2, Most: 10, Limit: 0.8}
		if _, err := r.hear(b, dawn); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// TestPlaceOnce: an arbiter names one node for a room, until the time for the room to begin is over or its node is dead.
func TestPlaceOnce(t *testing.T) {
	r := heard(t, "a", "b", "c")
	first, err := r.place("demo", dawn)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if again, err := r.place("demo", dawn.Add(time.Duration(i)*time.Millisecond)); err != nil || again != first {
			t.Fatalf("the room is at %s, and then at %s, %v", first, again, err)
		}
	}
	r.bury(first, "run")
	second, err := r.place("demo", dawn)
	if err != nil || second == first {
		t.Errorf("the room of a dead node is at %s, %v", second, err)
	}
	r.list(second, "run", []directory.Room{{Name: "demo", People: 1}})
	if home, err := r.place("demo", dawn.Add(time.Hour)); err != nil || home != second {
		t.Errorf("a room that runs is at %s, %v, not at %s", home, err, second)
	}
	if _, err := r.place("other", dawn.Add(time.Hour)); !errors.Is(err, place.ErrFull) {
		t.Errorf("a room is placed with nobody there: %v", err)
	}
}

// TestPlaceSpreads: rooms that are placed and have not begun count, so that no node gets all of them.
func TestPlaceSpreads(t *testing.T) {
	r, at := heard(t, "a", "b", "c"), map[string]int{}
	for i := range 30 {
		id, err := r.place(fmt.Sprint("room", i), dawn)
		if err != nil {
			t.Fatal(err)
		}
		at[id]++
	}
	if at["a"] != 10 || at["b"] != 10 || at["c"] != 10 { // each may have ten
		t.Errorf("30 rooms on three nodes: %v", at)
	}
	if _, err := r.place("more", dawn); !errors.Is(err, place.ErrFull) {
		t.Errorf("a room is placed where there is no place: %v", err)
	}
	if _, err := r.place("room1", dawn); err != nil {
		t.Errorf("a room that has its place: %v", err)
	}
}

// TestOneArbiter: nodes that know the same nodes agree on who decides, and a node that knows nobody decides alone.
func TestOneArbiter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := []string{"a", "b", "c", "d", "e"}[:rapid.IntRange(1, 5).Draw(t, "nodes")]
		room := rapid.StringMatching(`[a-z]{1,8}`).Draw(t, "room")
		var arbiters []string
		for range 2 {
			r := heard(t, rapid.Permutation(ids).Draw(t, "order")...)
			arbiters = append(arbiters, r.arbiter(room, dawn))
		}
		if arbiters[0] != arbiters[1] || !slices.Contains(ids, arbiters[0]) {
			t.Fatalf("the arbiters of %s are %v", room, arbiters)
		}
	})
	r := heard(t, "a", "b")
	if got := r.arbiter("demo", dawn.Add(directory.Silence)); got != "a" {
		t.Errorf("a node that has not heard anybody asks %s", got)
	}
}

// TestOwn: the list of a node has the rooms that it has and those that it is to begin.
func TestOwn(t *testing.T) {
	r := heard(t, "a")
	names := func(rooms []directory.Room) (all []string) {
		for _, room := range rooms {
			all = append(all, fmt.Sprint(room.Name, " ", room.People))
		}
		slices.Sort(all)
		return all
	}
	r.open("soon", dawn)
	if !r.opens("soon", dawn) || r.opens("other", dawn) {
		t.Error("a room that is to begin is not, or another is")
	}
	if got := names(r.own(map[string]int{"demo": 2}, nil, dawn)); !slices.Equal(got, []string{"demo 2", "soon 0"}) {
		t.Errorf("rooms: %v", got)
	}
	if home, ok := r.home("soon", dawn); !ok || home.ID != "a" {
		t.Errorf("the room is at %v, %v", home, ok)
	}
	begun := r.own(map[string]int{"demo": 2, "soon": 1}, nil, dawn.Add(time.Second))
	if got := names(begun); !slices.Equal(got, []string{"demo 2", "soon 1"}) {
		t.Errorf("rooms: %v", got)
	}
	for _, room := range r.own(map[string]int{"demo": 1}, nil, dawn.Add(time.Minute)) {
		if room.Name != "demo" || room.Since != dawn.UnixMilli() {
			t.Errorf("a minute later: %+v", room)
		}
	}
	r.open("never", dawn)
	if got := r.own(nil, nil, dawn.Add(claimed)); len(got) != 0 || r.opens("never", dawn.Add(claimed)) {
		t.Errorf("a room that did not begin in time is listed: %+v", got)
	}
}
