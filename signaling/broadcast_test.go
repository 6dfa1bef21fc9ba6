package signaling_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"tilemix/mcu"
	"tilemix/mcu/broadcast"
	"tilemix/mcu/control"
	"tilemix/signaling/access"
	"tilemix/signaling/access/book"
)

// oneRoom is a server that says that a participant is seated, which the tests need no media for.
type oneRoom struct{ *server }

func (oneRoom) Rooms() []mcu.RoomInfo {
	return []mcu.RoomInfo{{Name: "demo", Participants: 1, Viewers: 2}}
}

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
	url := serve(t, oneRoom{srv}, cfg)

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
	do(t, "PUT", at, `{"renditions":["480p"]}`, "Origin", url, "Content-Type", "application/json").want(t, http.StatusBadRequest)
	begun := do(t, "PUT", at, `{"renditions":["720p","360p","180p","audio"],"audio":["opus","aac"]}`, "Origin", url, "Content-Type", "application/json")
	begun.want(t, http.StatusCreated)
	do(t, "POST", at, "").want(t, http.StatusOK)
	do(t, "PUT", at, `{"renditions":["360p"]}`, "Content-Type", "application/json").want(t, http.StatusConflict)
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
	lists := 0
	for line := range strings.Lines(index.body) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lists++
			do(t, "GET", url+"/hls/demo/"+line, "").want(t, http.StatusOK)
			do(t, "HEAD", url+"/hls/demo/"+line, "").want(t, http.StatusOK)
			do(t, "GET", url+"/hls/demo/"+line+"?_HLS_msn=x", "").want(t, http.StatusBadRequest)
		}
	}
	do(t, "OPTIONS", url+got.Playlist, "").want(t, http.StatusNoContent)
	if body := do(t, "GET", url+"/metrics", "").body; !strings.Contains(body, "tilemix_broadcasts 1") || !strings.Contains(body, fmt.Sprintf(`tilemix_hls_requests_total{kind="playlist"} %d`, 1+2*lists)) || lists < 4 {
		t.Error("nothing in the metrics")
	}
	for path, want := range map[string]string{at: `"viewers":1`, url + "/api/v1/rooms/demo": `"viewers":3`} {
		if got := do(t, "GET", path, "").body; !strings.Contains(got, want) {
			t.Errorf("%s says %s, not %s", path, got, want)
		}
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

// TestTokenInPath plays a room that needs invites with the secret in the path: playlists need it, and
// what they name does not have it. A second player finds the invite used.
func TestTokenInPath(t *testing.T) {
	said := &logbook{}
	log := slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	srv := newServer(t)
	cfg := gated(srv, book.New(t.TempDir(), quiet), access.Invite)
	cfg.Broadcaster = broadcasting(t, srv)
	url := serveLogged(t, srv, cfg, log)
	r := do(t, http.MethodPost, url+"/api/v1/rooms/demo/invites", `{"role":"viewer","uses":1}`, "Content-Type", "application/json", "Authorization", operator)
	r.want(t, http.StatusCreated)
	secret := read[struct{ Secret string }](t, r).Secret
	do(t, http.MethodPut, url+"/api/v1/rooms/demo/broadcast", "", "Authorization", operator).want(t, http.StatusCreated)

	do(t, http.MethodGet, url+"/hls/demo/index.m3u8", "").want(t, http.StatusUnauthorized)
	do(t, http.MethodGet, url+"/hls/demo/t/tmi_guess/index.m3u8", "").want(t, http.StatusUnauthorized)
	if strings.Contains(said.String(), "tmi_guess") {
		t.Error("the log has a guess")
	}
	index := url + "/hls/demo/t/" + secret + "/index.m3u8"
	files := map[string]bool{}
	for _, list := range named(t, index) {
		if !strings.Contains(list, secret) {
			t.Errorf("the index leads to %s, without the secret", list)
		}
		if kept := do(t, http.MethodGet, list, "").Header.Get("Cache-Control"); !strings.HasPrefix(kept, "private") {
			t.Errorf("a playlist may be kept: %q", kept)
		}
		without := strings.Replace(list, "/t/"+secret, "", 1)
		do(t, http.MethodGet, without, "").want(t, http.StatusUnauthorized)
		for _, file := range named(t, list) {
			files[file] = true
		}
	}
	if len(files) < 2 {
		t.Errorf("files: %v", files)
	}
	for file := range files {
		if strings.Contains(file, secret) {
			t.Errorf("%s has the secret", file)
		}
		do(t, http.MethodGet, file, "").want(t, http.StatusOK)
	}
	if r := do(t, http.MethodGet, index, "", "User-Agent", "another player"); !strings.Contains(r.body, `"invite_used"`) {
		t.Errorf("another player is answered %s", r.body)
	}
	if strings.Contains(said.String(), secret) || !strings.Contains(said.String(), "/hls/:room/t/:token/") {
		t.Errorf("the log has the secret, or nothing: %s", said)
	}
}

// named fetches a playlist and returns the addresses of what it names: playlists, headers and parts
// that are there.
func named(t *testing.T, at string) (all []string) {
	t.Helper()
	r := do(t, http.MethodGet, at, "")
	r.want(t, http.StatusOK)
	for line := range strings.Lines(r.body) {
		if strings.Contains(line, "PRELOAD-HINT") || strings.Contains(line, "RENDITION-REPORT") {
			continue
		}
		if _, uri, ok := strings.Cut(line, `URI="`); ok {
			uri, _, _ = strings.Cut(uri, `"`)
			all = append(all, resolve(t, at, uri))
		} else if line = strings.TrimSpace(line); line != "" && line[0] != '#' && strings.HasSuffix(line, ".m3u8") {
			all = append(all, resolve(t, at, line))
		}
	}
	return all
}
