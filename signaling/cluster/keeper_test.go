package cluster

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func seatIn(room string) json.RawMessage { return json.RawMessage(`{"room":"` + room + `"}`) }

// TestKeeper: whatever a home changes, a standby has its records after the next sending.
func TestKeeper(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		home, standby := newKeeper(), newKeeper()
		want := map[string]map[string]string{"x": {}, "y": {}}
		for range rapid.IntRange(1, 30).Draw(t, "changes") {
			key, room := fmt.Sprint("seat/", rapid.IntRange(0, 3).Draw(t, "seat")), rapid.SampledFrom([]string{"x", "y", ""}).Draw(t, "room")
			for _, all := range want {
				delete(all, key)
			}
			if room == "" {
				home.follow(key, nil)
			} else {
				home.follow(key, seatIn(room))
				want[room][key] = room
			}
			if rapid.Bool().Draw(t, "sent") {
				for _, p := range home.due(false) {
					standby.hear(p, dawn)
				}
			}
		}
		for _, p := range home.due(true) {
			standby.hear(p, dawn)
		}
		for room, all := range want {
			if has := standby.has(room, dawn); has != (len(all) > 0) {
				t.Fatalf("the standby has room %s: %v, want %v", room, has, all)
			}
			got := standby.take(room, dawn)
			if len(got) != len(all) {
				t.Fatalf("room %s: %s, want %v", room, got, all)
			}
			for key := range all {
				if string(got[key]) != string(seatIn(room)) {
					t.Fatalf("room %s: %s, want %v", room, got, all)
				}
			}
		}
	})
}

// TestKeeperLarge: a large record comes in pieces that the bus takes, and a smaller one takes its place.
func TestKeeperLarge(t *testing.T) {
	home, standby := newKeeper(), newKeeper()
	long := strings.Repeat("a", 1000)
	for i := range 500 {
		home.follow(fmt.Sprint("seat/", i), json.RawMessage(`{"room":"demo","name":"`+long+`"}`))
	}
	home.follow("room/demo", json.RawMessage(`{"locked":true}`))
	home.follow("output/1", json.RawMessage(`{"room":"other"}`)) // not of this record
	home.follow("strange/demo", json.RawMessage(`{"room":"demo"}`))
	pieces := home.due(false)
	if len(pieces) < 5 {
		t.Errorf("500 KB come in %d pieces", len(pieces))
	}
	for _, p := range pieces {
		if data, err := json.Marshal(p); err != nil || len(data) > 2*piece {
			t.Errorf("a piece has %d bytes, %v", len(data), err)
		}
		standby.hear(p, dawn)
	}
	if len(home.due(false)) != 0 {
		t.Error("what has not changed is sent")
	}
	if got := standby.take("demo", dawn); len(got) != 501 || string(got["room/demo"]) != `{"locked":true}` {
		t.Errorf("the standby has %d entries", len(got))
	}
	if standby.take("demo", dawn) != nil {
		t.Error("a record is taken twice")
	}
	for i := range 499 {
		home.follow(fmt.Sprint("seat/", i), nil)
	}
	for _, p := range append(pieces, home.due(false)...) {
		standby.hear(p, dawn)
	}
	if standby.has("demo", dawn.Add(keeping)) || !standby.has("demo", dawn.Add(keeping-1)) {
		t.Error("a record is kept too long, or not long enough")
	}
	if got := standby.take("demo", dawn.Add(time.Second)); len(got) != 2 {
		t.Errorf("the standby has %d entries", len(got))
	}
}

// TestKeeperLeaves: while a room leaves, its record is the other node's to send. If the other dies, it is this one's
// again. Once the last client has gone, nothing of this node says that the room has ended.
func TestKeeperLeaves(t *testing.T) {
	k := newKeeper()
	k.follow("seat/1", seatIn("demo"))
	k.follow("seat/2", seatIn("demo"))
	k.follow("room/demo", json.RawMessage(`{}`))
	if got := k.whole("demo"); len(got) != 1 || len(got[0].Put) != 3 {
		t.Errorf("the record of the room: %v", got)
	}
	if got := k.whole("none"); len(got) != 1 || len(got[0].Put) != 0 {
		t.Errorf("the record of a room without seats: %v", got)
	}
	k.leave("demo")
	k.follow("seat/1", nil)
	if got := k.due(true); len(got) != 0 {
		t.Errorf("of a room that has left is sent: %v", got)
	}
	k.stay("demo")
	if got := k.due(false); len(got) != 1 || len(got[0].Put) != 2 {
		t.Errorf("of a room that is here again is sent: %v", got)
	}
	k.leave("demo")
	k.end("demo")
	k.follow("seat/2", nil)
	k.follow("room/demo", nil)
	if got := k.due(true); len(got) != 0 {
		t.Errorf("after the last client has gone is sent: %v", got)
	}
	k.follow("seat/3", seatIn("demo")) // the room has come back
	if got := k.due(false); len(got) != 1 || len(got[0].Put) != 1 {
		t.Errorf("of a room that has come back is sent: %v", got)
	}
}
