package record

import (
	"fmt"
	"testing"
	"time"

	"tilemix/mcu/media"
)

// TestRosterIsFull has all stay: who comes then has no place, and nothing of them is recorded.
func TestRosterIsFull(t *testing.T) {
	tr := testTracks(t)
	for i := range 2001 {
		tr.take(&piece{kind: joined, id: fmt.Sprint(i)})
	}
	for n := range 100 {
		tr.take(&piece{kind: sound, id: "2000", data: []byte{0xf8, 1}, at: media.Time{Arrived: time.Duration(n) * 20 * time.Millisecond, Timestamp: uint32(n) * 960}})
	}
	if n := len(tr.Everybody()); n != 2000 || tr.Omitted() != 1 {
		t.Errorf("%d are listed, %d omitted", n, tr.Omitted())
	}
	if names := leftFiles(t, tr.dir); len(names) > 0 {
		t.Errorf("there are %v", names)
	}
}

// TestComesAgain has a participant come again under the same ID before the first has left.
func TestComesAgain(t *testing.T) {
	tr := testTracks(t)
	say := func(from, to int) {
		for n := from; n < to; n++ {
			tr.take(&piece{kind: sound, id: "a", data: []byte{0xf8, 1}, at: media.Time{Arrived: time.Duration(n) * 20 * time.Millisecond, Timestamp: uint32(n) * 960}})
		}
	}
	tr.take(&piece{kind: joined, id: "a", name: "Ada"})
	say(0, 100)
	tr.take(&piece{kind: joined, id: "a", name: "Ada", at: media.Time{Arrived: 2 * time.Second}})
	say(100, 200)
	tr.take(&piece{kind: left, id: "a", at: media.Time{Arrived: 4 * time.Second}})
	all := tr.Everybody()
	if len(all) != 2 || all[0].Left != 2 || all[1].Joined != 2 || all[1].Left != 4 || len(all[0].Tracks) != 1 || len(all[1].Tracks) != 1 {
		t.Fatalf("they are %+v", all)
	}
	if all[0].Tracks[0].File == all[1].Tracks[0].File {
		t.Error("both have the same file")
	}
	if len(tr.present) != 0 {
		t.Errorf("%d are still present", len(tr.present))
	}
}
