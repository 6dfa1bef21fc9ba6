package sidecar

import (
	"fmt"
	"testing"
)

// TestRosterIsBounded has more participants come and go than a recording lists. Those with tracks stay,
// and the others are counted.
func TestRosterIsBounded(t *testing.T) {
	var r Roster
	kept := &Person{ID: "kept", Left: 1, Tracks: []Track{{Kind: "audio"}}}
	r.Add(kept)
	for i := range 3 * maxPeople {
		if !r.Add(&Person{ID: fmt.Sprint(i), Left: 2}) {
			t.Fatalf("participant %d has no place, though others have left", i)
		}
	}
	all := r.Everybody()
	if len(all) != maxPeople || all[0].ID != "kept" || all[1].ID != fmt.Sprint(2*maxPeople+1) {
		t.Errorf("%d are listed, the first are %q, %q", len(all), all[0].ID, all[1].ID)
	}
	if n := r.Omitted(); n != 2*maxPeople+1 {
		t.Errorf("%d are omitted", n)
	}
}

// TestRosterIsShared: a list that was given out does not change.
func TestRosterIsShared(t *testing.T) {
	var r Roster
	p := &Person{ID: "a"}
	r.Add(p)
	before := r.Everybody()
	r.Edit(func() {
		p.Left = 3
		p.Tracks = append(p.Tracks, Track{Kind: "video"})
	})
	after := r.Everybody()
	r.Edit(func() { p.Tracks[0].Reason = "x" })
	if before[0].Left != 0 || len(before[0].Tracks) != 0 || after[0].Tracks[0].Reason != "" {
		t.Errorf("lists changed: %+v, %+v", before, after)
	}
}
