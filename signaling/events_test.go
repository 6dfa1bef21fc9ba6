package signaling_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tilemix/mcu"
	"tilemix/mcu/event"
	"tilemix/signaling"
	"tilemix/signaling/access"
	"tilemix/signaling/feed"
)

// line is a program's line to the events of a server.
type line struct {
	*http.Response
	lines *bufio.Scanner
	last  string // ID
}

// listen opens a line that goes on after the last ID.
func listen(t *testing.T, url, last string) *line {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", operator)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s of type %q", answer.Status, answer.Header.Get("Content-Type"))
	}
	l := &line{answer, bufio.NewScanner(answer.Body), ""}
	l.lines.Scan() // where it begins
	l.last = strings.TrimPrefix(l.lines.Text(), "id: ")
	return l
}

// next reads an event.
func (l *line) next(t *testing.T) (e event.Event) {
	t.Helper()
	for l.lines.Scan() {
		if id, ok := strings.CutPrefix(l.lines.Text(), "id: "); ok {
			l.last = id
		}
		if data, ok := strings.CutPrefix(l.lines.Text(), "data: "); ok {
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				t.Fatal(err)
			}
			if e.ID != l.last {
				t.Errorf("event %s has the ID %q", data, l.last)
			}
			return e
		}
	}
	t.Fatal("the line has ended: ", l.lines.Err())
	return e
}

// TestEvents cuts a program's line 20 times while events happen: it misses none and gets none twice.
func TestEvents(t *testing.T) {
	events := feed.New(feed.Default())
	url, _ := guarded(t, access.Invite, func(site *signaling.Config) { site.Events = events })
	const cuts, each = 20, 7
	l := listen(t, url+"/api/v1/rooms/den/events", "")
	for n := range cuts * each {
		e := event.New(event.HandRaised, "den")
		e.ID = fmt.Sprint(n)
		if n%3 == 0 {
			events.Post(event.New(event.HandRaised, "elsewhere"))
		}
		events.Post(e)
	}
	for n := range cuts * each {
		if n%each == 3 {
			_ = l.Body.Close()
			l = listen(t, url+"/api/v1/rooms/den/events", l.last)
		}
		if e := l.next(t); e.ID != fmt.Sprint(n) || e.Room != "den" {
			t.Fatalf("event %d is %+v", n, e)
		}
	}
}

// TestEventsOfRooms has a guest come: a program that listens to all rooms is told, and no stranger may
// listen.
func TestEventsOfRooms(t *testing.T) {
	events := feed.New(feed.Default())
	url, _ := guarded(t, access.Invite, func(cfg *mcu.Config) { cfg.Events = events.Post },
		func(site *signaling.Config) { site.Events = events })
	secret, _ := invited(t, url, `{"role":"host"}`)
	l := listen(t, url+"/api/v1/events", "")
	conn, ada, refused := come(t, url, "Ada", "bearer."+secret)
	if conn == nil {
		t.Fatal(refused)
	}
	connect(t, conn)
	if e := l.next(t); e.Type != event.RoomStarted || e.Room != "den" {
		t.Errorf("first comes %+v", e)
	}
	if e := l.next(t); e.Type != event.ParticipantJoined || e.Participant == nil || e.Participant.ID != ada.ID {
		t.Errorf("then comes %+v", e)
	}
	do(t, http.MethodGet, url+"/api/v1/events", "").want(t, http.StatusUnauthorized)
	do(t, http.MethodGet, url+"/api/v1/events", "", "Authorization", "Bearer "+secret).want(t, http.StatusUnauthorized)
}
