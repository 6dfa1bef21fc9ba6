package event_test

import (
	"encoding/json"
	"testing"
	"time"

	"tilemix/mcu/event"
)

// TestNew makes two events: each has an ID of its own and the present time in UTC.
func TestNew(t *testing.T) {
	begin := time.Now()
	a, b := event.New(event.RoomStarted, "hall"), event.New(event.RoomEnded, "hall")
	if a.ID == "" || a.ID == b.ID {
		t.Errorf("the IDs are %q and %q", a.ID, b.ID)
	}
	if a.Type != event.RoomStarted || a.Room != "hall" || a.Time.Before(begin) || a.Time.Location() != time.UTC {
		t.Errorf("got %+v", a)
	}
}

// TestJSON pins what webhooks send.
func TestJSON(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		e    event.Event
		want string
	}{
		{event.Event{ID: "i", Type: event.RoomStarted, Time: at, Room: "r"}, `{"id":"i","type":"room.started","time":"2026-01-02T03:04:05Z","room":"r"}`},
		{
			event.Event{ID: "i", Type: event.ParticipantLeft, Time: at, Room: "r", Participant: &event.Participant{ID: "p", Name: "Ada", Viewer: true}},
			`{"id":"i","type":"participant.left","time":"2026-01-02T03:04:05Z","room":"r","participant":{"id":"p","name":"Ada","viewer":true}}`,
		},
		{
			event.Event{ID: "i", Type: event.RecordingFailed, Time: at, Room: "r", Recording: &event.Recording{ID: "x", Seconds: 1.5, Bytes: 9, Reason: "disk"}},
			`{"id":"i","type":"recording.failed","time":"2026-01-02T03:04:05Z","room":"r","recording":{"id":"x","seconds":1.5,"bytes":9,"reason":"disk"}}`,
		},
		{
			event.Event{ID: "i", Type: event.OutputDown, Time: at, Room: "r", Output: &event.Output{ID: "o", URL: "rtmp://h"}},
			`{"id":"i","type":"output.down","time":"2026-01-02T03:04:05Z","room":"r","output":{"id":"o","url":"rtmp://h"}}`,
		},
		{
			event.Event{ID: "i", Type: event.ViewFallen, Time: at, Room: "r", View: &event.View{View: "grid", Of: "broadcast"}},
			`{"id":"i","type":"view.fallen","time":"2026-01-02T03:04:05Z","room":"r","view":{"view":"grid","of":"broadcast"}}`,
		},
	} {
		data, err := json.Marshal(c.e)
		if err != nil || string(data) != c.want {
			t.Errorf("got %s, %v, want %s", data, err, c.want)
		}
	}
}
