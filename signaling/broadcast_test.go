package signaling_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"tilemix/mcu"
	"tilemix/mcu/broadcast"
	"tilemix/mcu/control"
)

// TestBroadcastAPI turns the broadcast of a room that nobody watches on and off, by hand.
func TestBroadcastAPI(t *testing.T) {
	srv := newServer(t)
	broadcaster := broadcast.New(broadcast.Default(), srv, quiet)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = broadcaster.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	cfg := open()
	cfg.Broadcaster = broadcaster
	url := serve(t, srv, cfg)

	told := make(chan bool, 10)
	ada, err := srv.Join(mcu.JoinOptions{Room: "demo", Name: "Ada", Send: func(m control.Message) {
		m = control.Plain(m)
		if m, ok := m.(control.Broadcast); ok {
			told <- m.Active
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer ada.Leave()
	type state struct{ State, Playlist, Watch string }
	at := url + "/api/v1/rooms/demo/broadcast"
	for _, method := range []string{"GET", "PUT", "POST", "DELETE"} {
		do(t, method, url+"/api/v1/rooms/other/broadcast", "").want(t, http.StatusNotFound)
	}
	do(t, "PUT", at, "", "Origin", "https://elsewhere.example").want(t, http.StatusForbidden)
	if got := read[state](t, do(t, "GET", at, "")); got.State != "off" {
		t.Errorf("before: %+v", got)
	}
	begun := do(t, "PUT", at, "", "Origin", url)
	begun.want(t, http.StatusCreated)
	do(t, "POST", at, "").want(t, http.StatusOK)
	got := read[state](t, begun)
	if got != (state{"starting", "/hls/demo/index.m3u8", "/watch/demo"}) {
		t.Errorf("begun: %+v", got)
	}
	if !<-told {
		t.Error("the room is told that it is off")
	}

	index := do(t, "GET", url+got.Playlist, "", "Origin", "https://elsewhere.example")
	index.want(t, http.StatusOK)
	if h := index.Header; h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Content-Type") != "application/vnd.apple.mpegurl" || !strings.Contains(h.Get("Cache-Control"), "max-age=1") {
		t.Errorf("headers of the playlist: %v", h)
	}
	for line := range strings.Lines(index.body) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			do(t, "GET", url+"/hls/demo/"+line, "").want(t, http.StatusOK)
			do(t, "HEAD", url+"/hls/demo/"+line, "").want(t, http.StatusOK)
			do(t, "GET", url+"/hls/demo/"+line+"?_HLS_msn=x", "").want(t, http.StatusBadRequest)
		}
	}
	do(t, "OPTIONS", url+got.Playlist, "").want(t, http.StatusNoContent)
	if body := do(t, "GET", url+"/metrics", "").body; !strings.Contains(body, "tilemix_broadcasts 1") || !strings.Contains(body, `tilemix_hls_requests_total{kind="playlist"} 3`) {
		t.Error("nothing in the metrics")
	}

	if got := read[state](t, do(t, "DELETE", at, "")); got.State != "off" {
		t.Errorf("after: %+v", got)
	}
	do(t, "DELETE", at, "").want(t, http.StatusOK)
	if <-told {
		t.Error("the room is told that it is on")
	}
	do(t, "GET", url+got.Playlist, "").want(t, http.StatusNotFound)
	for _, path := range []string{"..%2f..%2fapi", "x/../../../static/base.css", "%2e%2e/%2e%2e", "x/y/z"} {
		do(t, "GET", url+"/hls/demo/"+path, "").want(t, http.StatusNotFound)
	}
}
