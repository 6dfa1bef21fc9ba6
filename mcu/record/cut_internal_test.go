package record

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tilemix/mcu/journal"
	"tilemix/mcu/record/sidecar"
)

// TestInherit: what a recording keeps in the journal while it runs is what another server needs to have it go on. One
// that has ended keeps nothing, and keys of others mean nothing.
func TestInherit(t *testing.T) {
	j, _, _, err := journal.Open(t.TempDir()+"/journal.jsonl", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]json.RawMessage{}
	j.Follow(func(key string, value json.RawMessage) {
		if left[key] = value; value == nil {
			delete(left, key)
		}
	})
	a := announcer{journal: j}
	options := json.RawMessage(`{"tracks":true}`)
	runs := sidecar.Info{ID: "1", Room: "demo", State: sidecar.Recording, Part: 2, Of: "0", Options: options, Participants: make([]sidecar.Person, 100)}
	a.keep(runs)
	a.keep(sidecar.Info{ID: "2", Room: "demo", State: sidecar.Paused})
	a.keep(sidecar.Info{ID: "3", Room: "demo", State: sidecar.Starting})
	a.keep(sidecar.Info{ID: "3", Room: "demo", State: sidecar.Finished})
	a.keep(sidecar.Info{ID: "4", Room: "other", State: sidecar.Recording})
	left["seat/5"] = json.RawMessage(`{"room":"demo"}`)
	left["recording/6"] = json.RawMessage(`{"room":`)
	left["recording/7"] = json.RawMessage(`{"id":"7"}`)

	var c cut
	now := time.Now()
	c.inherit(left, now)
	if len(c.all) != 3 || !c.has("demo") || !c.has("other") || c.has("") {
		t.Fatalf("they are %+v", c.all)
	}
	mine, done := c.take("demo")
	if !c.has("demo") {
		t.Error("a room whose next parts begin has none")
	}
	done()
	for _, one := range mine {
		switch one.ID {
		case "1":
			if one.paused || one.Part != 2 || one.First() != "0" || string(one.Options) != string(options) || one.Participants != nil {
				t.Errorf("the one that runs is %+v", one)
			}
		case "2":
			if !one.paused {
				t.Error("the one that is paused is not")
			}
		default:
			t.Errorf("there is %+v", one)
		}
	}
	if twice, done := c.take("demo"); twice != nil {
		t.Error("they are taken twice")
	} else if done(); c.has("demo") {
		t.Error("the room waits for ever")
	}
	c.inherit(nil, now.Add(reach-1))
	if !c.has("other") {
		t.Error("one is forgotten too soon")
	}
	c.inherit(nil, now.Add(reach))
	if c.has("other") {
		t.Error("one waits for its room for ever")
	}
}

// TestInheritWhileFound has another server leave recordings while those of the folder are found. None is lost.
func TestInheritWhileFound(t *testing.T) {
	dir := t.TempDir()
	for n := range 20 {
		id := fmt.Sprint("cut", n)
		if err := (sidecar.Info{ID: id, Room: "demo", State: sidecar.Recording}).Save(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, id+mediaFile), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := New(Config{Dir: dir}, noRooms{}, slog.New(slog.DiscardHandler))
	if err := c.claim(); err != nil {
		t.Fatal(err)
	}
	defer c.unlock()
	var both sync.WaitGroup
	both.Go(c.find)
	for n := range 20 {
		c.Inherit(map[string]json.RawMessage{fmt.Sprint(ofRecording, n): json.RawMessage(`{"id":"x","room":"demo"}`)})
	}
	both.Wait()
	if mine, _ := c.severed.take("demo"); len(mine) != 40 {
		t.Errorf("%d of 40 are to go on", len(mine))
	}
}
