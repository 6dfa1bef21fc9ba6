package session

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tilemix/mcu/event"
	"tilemix/mcu/presence"
)

// TestStay: a participant joins, waits in a lobby, is let in and leaves; another one never connects. Each
// part is reported once, with its own time.
func TestStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []event.Span
		spans := func(s event.Span) { got = append(got, s) }
		begin := time.Now()
		of := func(id string) stay {
			return newStay(&Session{public: id, Options: Options{Origin: presence.Origin{Request: "r-" + id}}}, spans)
		}
		ada, bob := of("ada"), of("bob")
		time.Sleep(time.Second)
		ada.Sit("demo", true)
		time.Sleep(time.Minute)
		ada.Leave("demo", "moves")
		ada.Sit("demo", false)
		bob.Leave("demo", "")
		time.Sleep(time.Hour)
		ada.Leave("demo", "its client left")
		span := func(id, name, why string, from, to time.Duration) event.Span {
			return event.Span{Name: name, Request: "r-" + id, Room: "demo", ID: id, Begin: begin.Add(from), End: begin.Add(to), Err: why}
		}
		want := []event.Span{
			span("ada", "join", "", 0, time.Second),
			span("ada", "lobby", "", time.Second, time.Minute+time.Second),
			span("bob", "join", "it left before its media connected", 0, time.Minute+time.Second),
			span("ada", "participant", "", time.Minute+time.Second, time.Hour+time.Minute+time.Second),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestNoStay: where nobody traces, nothing is allocated.
func TestNoStay(t *testing.T) {
	s := newStay(&Session{public: "ada"}, nil)
	if n := testing.AllocsPerRun(100, func() { s.Sit("demo", false); s.Leave("demo", "why") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
