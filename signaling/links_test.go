package signaling_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"tilemix/mcu"
	"tilemix/mcu/gateway"
	"tilemix/mcu/mcutest/poll"
	"tilemix/signaling"
)

// logbook keeps what is logged.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// serveGateway runs a real server with a gateway, and returns its URL.
func serveGateway(t *testing.T, cfg gateway.Config) (*server, string) {
	t.Helper()
	srv := newServer(t)
	return srv, serveRooms(t, cfg, srv, func(cfg gateway.Config, log *slog.Logger) *gateway.Gateway {
		return gateway.New(cfg, srv, log)
	})
}

// serveRooms runs a server with the gateway that connect makes, and returns its URL.
func serveRooms(t *testing.T, cfg gateway.Config, srv *server, connect func(gateway.Config, *slog.Logger) *gateway.Gateway) string {
	t.Helper()
	said := &logbook{}
	log := slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	g := connect(cfg, log)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = g.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		if text := said.String(); strings.Contains(text, "s3cret") {
			t.Errorf("a key was logged:\n%s", text)
		}
	})
	settings := signaling.Default()
	settings.Gateway, settings.Via = g, cfg.Via
	return serveLogged(t, srv, settings, log)
}

// link is what the API says of an output or an input.
type link struct{ ID, Room, URL, State, Reason, NextTry string }

// TestLinkAPI makes outputs by hand, good and bad. No answer has a key in it.
func TestLinkAPI(t *testing.T) {
	cfg := gateway.Default()
	cfg.Private = true
	cfg.FFmpeg = "false" // it ends at once
	srv, url := serveGateway(t, cfg)
	ada, err := srv.Join(mcu.JoinOptions{Room: "demo", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	defer ada.Leave()
	outputs := url + "/api/v1/rooms/demo/outputs"
	ask := func(method, at, body string, status int) reply {
		t.Helper()
		r := do(t, method, at, body, "Content-Type", "application/json")
		r.want(t, status)
		if strings.Contains(r.body, "s3cret") {
			t.Errorf("%s %s: %s", method, at, r.body)
		}
		return r
	}
	const good = `{"url":"rtmp://127.0.0.1:1/live/s3cret"}`
	ask("POST", url+"/api/v1/rooms/other/outputs", good, http.StatusNotFound)
	ask("GET", url+"/api/v1/rooms/other/outputs", "", http.StatusOK)
	ask("GET", url+"/api/v1/rooms/a.b/outputs", "", http.StatusBadRequest)
	ask("GET", url+"/api/v1/rooms/a.b/inputs", "", http.StatusBadRequest)
	for body, why := range map[string]string{
		"{": "ends before", `{"url":s3cret}`: "not valid JSON at byte 8", `"s3cret"`: "not the JSON that this request needs", good + "}": "unexpected data after",
		`{"uri":"rtmp://127.0.0.1:1/live/s3cret"}`: `unknown field \"uri\"`, `{"url":["s3cret"]}`: `field \"url\" in the body has the wrong type: array`,
	} {
		if r := ask("POST", outputs, body, http.StatusBadRequest); !strings.Contains(r.body, why) {
			t.Errorf("%s: %s", body, r.body)
		}
	}
	for _, body := range []string{
		"", `{"url":7}`, `{"url":""}`, `{"url":"s3cret"}`,
		`{"url":"file:///s3cret"}`, `{"url":"gopher://a/s3cret"}`, `{"url":"rtmp://127.0.0.1:1/s3cret"}`,
		`{"url":"rtmp://127.0.0.1:s3cret/live/key"}`, `{"url":"rtmp://169.254.169.254/live/s3cret"}`,
	} {
		r := ask("POST", outputs, body, http.StatusBadRequest)
		if !strings.HasPrefix(r.body, `{"error":"`) {
			t.Errorf("%s: %s", body, r.body)
		}
	}
	do(t, "POST", outputs, good, "Content-Type", "application/json", "Origin", "https://elsewhere.example").want(t, http.StatusForbidden)
	do(t, "POST", outputs, good, "Content-Type", "text/plain").want(t, http.StatusUnsupportedMediaType)

	begun := ask("POST", outputs, good, http.StatusCreated)
	one := read[link](t, begun)
	at := url + begun.Header.Get("Location")
	if at != outputs+"/"+one.ID || one.Room != "demo" || one.URL != "rtmp://127.0.0.1:1/live/***" {
		t.Errorf("it is %s at %s", begun.body, at)
	}
	poll.Until(t, "the output to be down", func() bool {
		one = read[link](t, ask("GET", at, "", http.StatusOK))
		return one.State == "down"
	})
	if one.Reason == "" || one.NextTry == "" {
		t.Errorf("it is %+v", one)
	}
	if all := read[struct{ Outputs []link }](t, ask("GET", outputs, "", http.StatusOK)).Outputs; len(all) != 1 || all[0].ID != one.ID {
		t.Errorf("there are %+v", all)
	}
	ask("GET", url+"/api/v1/rooms/other/outputs/"+one.ID, "", http.StatusNotFound)
	for range cfg.MaxPerRoom - 1 {
		ask("POST", outputs, good, http.StatusCreated)
	}
	ask("POST", outputs, good, http.StatusServiceUnavailable)
	if body := do(t, "GET", url+"/metrics", "").body; !strings.Contains(body, `tilemix_links{kind="output"`) {
		t.Error("nothing in the metrics")
	}
	ask("DELETE", at, "", http.StatusNoContent)
	ask("DELETE", at, "", http.StatusNotFound)
	ask("GET", at, "", http.StatusNotFound)
	// An input opens a room.
	opened := ask("POST", url+"/api/v1/rooms/opened/inputs", good, http.StatusCreated)
	if body := ask("GET", url+"/api/v1/rooms", "", http.StatusOK).body; !strings.Contains(body, `"opened"`) {
		t.Errorf("the rooms are %s", body)
	}
	ask("DELETE", url+opened.Header.Get("Location"), "", http.StatusNoContent)
}

// TestNoFFmpeg says so where FFmpeg is missing.
func TestNoFFmpeg(t *testing.T) {
	cfg := gateway.Default()
	cfg.Private, cfg.FFmpeg = true, "no-such-ffmpeg"
	srv, url := serveGateway(t, cfg)
	ada, err := srv.Join(mcu.JoinOptions{Room: "demo", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	defer ada.Leave()
	r := do(t, "POST", url+"/api/v1/rooms/demo/outputs", `{"url":"rtmp://127.0.0.1:1/live/s3cret"}`, "Content-Type", "application/json")
	r.want(t, http.StatusNotImplemented)
	if !strings.Contains(r.body, "FFmpeg is not installed") {
		t.Errorf("it says %s", r.body)
	}
}
