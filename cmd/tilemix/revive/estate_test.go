package revive

import (
	"encoding/json"
	"testing"

	"tilemix/mcu/gateway"
)

// TestEstate: each piece of what others have left is taken once, and outputs by their room.
func TestEstate(t *testing.T) {
	var e estate
	if e.take("broadcast/a") != nil || len(e.links(gateway.Output, "a")) != 0 {
		t.Error("there is something, and nobody has left it")
	}
	raw := func(text string) json.RawMessage { return json.RawMessage(text) }
	e.add(map[string]json.RawMessage{"broadcast/a": raw(`{}`), "output/1": raw(`{"room":"a","options":{"url":"x"}}`), "output/2": raw(`{"room":"b"}`), "output/3": raw(`{`)})
	e.add(map[string]json.RawMessage{"output/4": raw(`{"room":"a"}`), "broadcast/a": raw(`{"view":{}}`)})
	if got := string(e.take("broadcast/a")); got != `{"view":{}}` {
		t.Errorf("what was left last is %s", got)
	}
	if e.take("broadcast/a") != nil {
		t.Error("it is taken twice")
	}
	got := e.links(gateway.Output, "a")
	if len(got) != 2 || string(got["1"].Options) != `{"url":"x"}` || got["4"].Room != "a" {
		t.Errorf("the outputs are %+v", got)
	}
	if len(e.links(gateway.Output, "a")) != 0 {
		t.Error("outputs are taken twice")
	}
	e.clear()
	if len(e.links(gateway.Output, "b")) != 0 {
		t.Error("something stays")
	}
}
