package record_test

import (
	"errors"
	"testing"

	"tilemix/mcu"
	"tilemix/mcu/event"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/policy"
	"tilemix/mcu/record"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/rules"
)

// TestRules has a room that is always recorded, and one that never is. The recording
// begins with the call and is whole when the time of the call is over.
func TestRules(t *testing.T) {
	by := map[string]rules.Terms{"auto": {Recording: "auto", MaxDuration: 4}, "off": {Recording: "off"}}
	decided := func(room string) (rules.Terms, error) { return by[room], nil }
	var c *record.Recorder
	config, cfg := mcutest.Small(), in(t.TempDir())
	config.Rules, cfg.Rules = decided, decided
	config.Events = func(e event.Event) { c.Hear(e) }
	s := mcutest.Serve(t, config)
	c, _ = recorder(t, cfg, s)
	for _, room := range []string{"off", "free", "auto"} {
		p, err := s.Join(mcu.JoinOptions{Room: room, Name: "Ada", Fed: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Leave(); <-p.Done() })
	}
	if _, err := c.Start("off", record.Options{}); !errors.Is(err, policy.ErrForbidden) {
		t.Errorf("a room that is not recorded: %v", err)
	}
	if _, err := c.Start("free", record.Options{}); err != nil {
		t.Errorf("a room without rules: %v", err)
	}
	info := await(t, c, id(t, c, "auto"), ended)
	if info.State != sidecar.Finished || info.Length < 1 || info.Length > 7 { // it begins and ends a little late
		t.Fatalf("%+v", info)
	}
	if d := look(t, file(cfg, info.ID)).length().Seconds() - info.Length; d > 0.1 || d < -0.1 {
		t.Errorf("the file is %v s longer than it is said to be", d)
	}
}

// id waits for the recording of a room and returns its ID.
func id(t *testing.T, c *record.Recorder, room string) (found string) {
	t.Helper()
	poll.Until(t, "a recording of "+room, func() bool {
		all := c.List(room)
		if len(all) == 1 {
			found = all[0].ID
		}
		return found != ""
	})
	return found
}
