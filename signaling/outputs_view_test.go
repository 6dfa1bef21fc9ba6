package signaling_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"tilemix/mcu"
	"tilemix/mcu/gateway"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/record"
	"tilemix/mcu/still"
)

// TestViewsOfOutputs has a recording show speaker, a broadcast grid and an output the room's view, and
// changes each. What is one view too many is refused with its code, and what is none with what would be one.
func TestViewsOfOutputs(t *testing.T) {
	t.Parallel()
	config := mcutest.Small()
	config.MaxViews, config.FrameRate = 1, 5 // so few that no clock is late
	srv := newServerOf(t, config)
	settings, links := record.Default(), gateway.Default()
	settings.Dir, links.FFmpeg, links.Private = t.TempDir(), "false", true
	recorder, far := record.New(settings, srv, quiet), gateway.New(links, srv, quiet)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = recorder.Run(ctx) })
	running.Go(func() { _ = far.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	cfg := open()
	cfg.Recorder, cfg.Gateway, cfg.Broadcaster = recorder, far, broadcasting(t, srv)
	cfg.Stills = still.New(srv)
	room := serve(t, srv, cfg) + "/api/v1/rooms/demo"
	ada, err := srv.Join(mcu.JoinOptions{Room: "demo", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	defer ada.Leave()
	send := func(method, path, body string, status int) (id, view string) {
		t.Helper()
		r := do(t, method, room+path, body, "Content-Type", "application/json")
		r.want(t, status)
		got := read[struct{ ID, View, Code string }](t, r)
		if status == http.StatusTooManyRequests && got.Code != "view_limit" {
			t.Errorf("%s %s %s: %s", method, path, body, r.body)
		}
		return got.ID, got.View
	}
	const push = `{"url":"rtmp://127.0.0.1:1/live/key"`
	for _, path := range []string{"/recordings", "/broadcast", "/outputs"} {
		start := "{"
		if path == "/outputs" {
			start = push + ","
		}
		for _, view := range []string{`"heap"`, `"lay out"`, `{"fps":5}`, `{"size":3}`, `7`} {
			send("POST", path, start+`"view":`+view+"}", http.StatusBadRequest)
		}
	}
	tape, view := send("POST", "/recordings", `{"view":"speaker"}`, http.StatusCreated)
	if tape = "/recordings/" + tape; view != "speaker" {
		t.Errorf("the recording shows %q", view)
	}
	send("PUT", "/broadcast", `{"view":"portrait"}`, http.StatusTooManyRequests)
	if _, view = send("PUT", "/broadcast", `{"view":"grid"}`, http.StatusCreated); view != "grid" {
		t.Errorf("the broadcast shows %q", view)
	}
	send("POST", "/outputs", push+`,"view":"portrait"}`, http.StatusTooManyRequests)
	line, view := send("POST", "/outputs", push+"}", http.StatusCreated)
	if line = "/outputs/" + line; view != "room" {
		t.Errorf("the output shows %q", view)
	}
	for _, path := range []string{tape, "/broadcast", line} {
		send("PATCH", path, `{}`, http.StatusBadRequest)
		send("PATCH", path, `{"view":"heap"}`, http.StatusBadRequest)
		if path != tape { // it alone has its view, which another may replace
			send("PATCH", path, `{"view":{"layout":"speaker","hideWithoutVideo":"always"}}`, http.StatusTooManyRequests)
		}
		if _, view := send("PATCH", path, `{"view":"{\"layout\":\"speaker\"}"}`, http.StatusOK); view != "speaker" {
			t.Errorf("%s shows %q", path, view)
		}
		if _, view := send("GET", path, "", http.StatusOK); view != "speaker" {
			t.Errorf("%s shows %q", path, view)
		}
	}
	picture := do(t, "GET", room+"/picture.jpg?view=speaker", "")
	picture.want(t, http.StatusOK)
	if kind := picture.Header.Get("Content-Type"); kind != "image/jpeg" || !strings.HasPrefix(picture.body, "\xff\xd8") {
		t.Errorf("the picture is %s", kind)
	}
	for query, status := range map[string]int{"?view=heap": http.StatusBadRequest, "?view=lay+out": http.StatusBadRequest, "?view=portrait": http.StatusTooManyRequests} {
		do(t, "GET", room+"/picture.jpg"+query, "").want(t, status)
	}
	do(t, "GET", strings.Replace(room, "demo", "other", 1)+"/picture.jpg", "").want(t, http.StatusNotFound)
	send("PATCH", tape, `{"paused":true,"view":"room"}`, http.StatusOK)
	send("DELETE", tape, "", http.StatusOK)
	send("PATCH", tape, `{"view":"grid"}`, http.StatusConflict)
	send("DELETE", "/broadcast", "", http.StatusOK)
	send("PATCH", "/broadcast", `{"view":"grid"}`, http.StatusNotFound)
}
