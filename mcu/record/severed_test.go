package record_test

import (
	"encoding/json"
	"errors"
	"testing"

	"tilemix/mcu/event"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/record"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/rules"
)

// left is what another server has left of a recording of the studio.
func left() map[string]json.RawMessage {
	return map[string]json.RawMessage{"recording/before": json.RawMessage(`{"id":"before","room":"studio","state":"recording"}`)}
}

// always records every room.
func always(string) (rules.Terms, error) { return rules.Terms{Recording: "auto"}, nil }

// TestWaived has the call of a room that is always recorded begin too late for its cut recording to go on. The call is
// recorded by the room's rules, as no part of the one before.
func TestWaived(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	asked := make(chan string, 8) // rooms whose rules are read
	cfg.Rules = func(room string) (rules.Terms, error) {
		asked <- room
		return always(room)
	}
	c, _ := recorder(t, cfg, s)
	c.Inherit(left())
	c.Hear(event.New(event.RoomStarted, "studio")) // looked at before the next one
	c.Hear(event.New(event.RoomStarted, "other"))
	if room := <-asked; room != "other" {
		t.Errorf("the rules of %q are read, and its recording may go on", room)
	}
	c.Waive("studio")
	first := id(t, c, "studio")
	info, err := c.Get("studio", first)
	if err != nil || info.Of != "" || info.Part != 0 {
		t.Errorf("it is %+v: %v", info, err)
	}
	c.Waive("studio") // nothing is left of it
	if err := c.Continue("studio"); err != nil || len(c.List("studio")) != 1 {
		t.Errorf("there are %+v: %v", c.List("studio"), err)
	}
}

// anywhere is a studio that every room has.
type anywhere struct{ *studio }

func (s anywhere) Room(string) (anywhere, error) { return s, nil }

// TestContinuedOnce has a recording go on in a room that is always recorded, and the recorder hear of the call before
// the next part is a recording. Nothing else records the room.
func TestContinuedOnce(t *testing.T) {
	s, cfg := anywhere{newStudio(t)}, in(t.TempDir())
	asked := make(chan string, 8) // rooms whose rules are read
	gate := make(chan struct{})
	cfg.Rules = func(room string) (rules.Terms, error) {
		asked <- room
		<-gate
		return always(room)
	}
	c, _ := recorder(t, cfg, s)
	c.Inherit(left())
	done := make(chan error)
	go func() { done <- c.Continue("studio") }()
	<-asked                                        // by Continue, whose recording is not one yet
	c.Hear(event.New(event.RoomStarted, "studio")) // looked at before the next one
	c.Hear(event.New(event.RoomStarted, "other"))
	if room := <-asked; room != "other" {
		t.Errorf("the rules of %q are to say whether it is recorded, and it goes on", room)
	}
	close(gate)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	poll.Until(t, "the recording of the other room", func() bool { return len(c.List("other")) == 1 })
	if all := c.List("studio"); len(all) != 1 {
		t.Errorf("%d recordings have begun: %+v", len(all), all)
	}
}

// TestContinuesByRules has the next part of a recording not begin. The rules of the room are asked then.
func TestContinuesByRules(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	none := errors.New("no rules now")
	fails := true
	cfg.Rules = func(room string) (rules.Terms, error) {
		if fails {
			fails = false
			return rules.Terms{}, none
		}
		return always(room)
	}
	c, _ := recorder(t, cfg, s)
	c.Inherit(left())
	if err := c.Continue("studio"); !errors.Is(err, none) {
		t.Errorf("it begins: %v", err)
	}
	if info := await(t, c, id(t, c, "studio"), func(sidecar.Info) bool { return true }); info.Of != "" {
		t.Errorf("it is %+v", info)
	}
	if _, err := c.Start("studio", record.Options{}); err != nil {
		t.Error(err)
	}
}
