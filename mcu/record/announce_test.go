package record

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/media"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/views"
)

// listener is a room that keeps what it is told.
type listener struct{ told [][]control.Recording }

func (*listener) AudioChannels() int                   { return 1 }
func (*listener) SetView(media.Sink, views.Wish) error { return errors.ErrUnsupported }

func (*listener) Attach(media.Sink, media.SinkOptions) (func(), error) {
	return nil, errors.ErrUnsupported
}
func (*listener) Tap(media.Tap) (func(), error)              { return nil, errors.ErrUnsupported }
func (*listener) AskKeyFrames()                              {}
func (l *listener) NotifyRecordings(all []control.Recording) { l.told = append(l.told, all) }

// TestNews has a recording go through states. The room hears of each, the outside of its beginning and
// its end, once.
func TestNews(t *testing.T) {
	room := &listener{}
	var events, spans []string
	a := announcer{
		room:   func(string) (handle, error) { return room, nil },
		events: func(e event.Event) { events = append(events, string(e.Type)+" "+e.Recording.ID+" "+e.Recording.Reason) },
		spans: func(s event.Span) {
			spans = append(spans, strings.Join([]string{s.Name, s.ID, s.Room, s.Request, s.End.Sub(s.Begin).String(), s.Err}, " "))
		},
		running: func(string) []sidecar.Info {
			return []sidecar.Info{{ID: "b", State: sidecar.Starting}, {ID: "z", State: sidecar.Paused}}
		},
	}
	for _, c := range []struct {
		state sidecar.State
		again bool
		event string // or none
		span  string // or none
	}{
		{sidecar.Starting, false, "", ""},
		{sidecar.Recording, false, "recording.started b ", ""},
		{sidecar.Paused, true, "", ""},
		{sidecar.Recording, true, "", ""}, // goes on
		{sidecar.Finished, true, "recording.finished b why", "recording b demo r 1m0s "},
		{sidecar.Failed, true, "recording.failed b why", "recording b demo r 1m0s why"},
	} {
		events, spans = nil, nil
		i := sidecar.Info{ID: "b", Room: "demo", State: c.state, Request: "r", Started: time.Unix(0, 0), Ended: time.Unix(60, 0)}
		if c.state.Ended() {
			i.Reason = "why"
		}
		a.report(i, c.again)
		if got := strings.Join(events, ","); got != c.event {
			t.Errorf("%s: events are %q", c.state, got)
		}
		if got := strings.Join(spans, ","); got != c.span {
			t.Errorf("%s: spans are %q", c.state, got)
		}
		want := []control.Recording{{ID: "b", State: string(c.state), Reason: i.Reason}, {ID: "z", State: "paused"}}
		if got := room.told[len(room.told)-1]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the room heard %+v", c.state, got)
		}
	}
}

// TestNewsOfEndedRoom: a room that has ended hears nothing, and the outside does.
func TestNewsOfEndedRoom(t *testing.T) {
	events := 0
	a := announcer{
		room:    func(string) (handle, error) { return nil, errors.ErrUnsupported },
		events:  func(event.Event) { events++ },
		running: func(string) []sidecar.Info { return nil },
	}
	a.report(sidecar.Info{ID: "a", State: sidecar.Finished}, false)
	a.events = nil
	a.report(sidecar.Info{ID: "a", State: sidecar.Finished}, false)
	if events != 1 {
		t.Errorf("%d events", events)
	}
}
