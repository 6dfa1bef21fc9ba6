package main

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"tilemix/codec/h264"
	"tilemix/mcu/event"
	reach "tilemix/mcu/gateway/address"
	"tilemix/mcu/mcutest/poll"
)

// awaySecret is that of a server whose webhook is away.
const webhookSecret, awaySecret = "correct horse", "battery staple"

// hearer is a webhook that takes what has webhookSecret, and is away for what has awaySecret. A request of a server that was
// killed may come to it late, when the next server runs.
type hearer struct {
	*httptest.Server
	told   chan event.Event // what it took
	missed chan event.Event // and what it did not
}

func hear(t *testing.T) *hearer {
	verifier, err := standardwebhooks.NewWebhookRaw([]byte(webhookSecret))
	if err != nil {
		t.Fatal(err)
	}
	away, err := standardwebhooks.NewWebhookRaw([]byte(awaySecret))
	if err != nil {
		t.Fatal(err)
	}
	l := &hearer{told: make(chan event.Event, 1000), missed: make(chan event.Event, 1000)}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var e event.Event
		if err != nil || json.Unmarshal(body, &e) != nil {
			t.Errorf("%q: %v", body, err)
		}
		if away.Verify(body, r.Header) == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			l.missed <- e
			return
		}
		if err := verifier.Verify(body, r.Header); err != nil {
			t.Errorf("%s has the headers %q: %v", body, r.Header, err)
		}
		l.told <- e
	}))
	t.Cleanup(l.Close)
	return l
}

// next waits for an event. Those of some IDs may come again before it, because their server did not get an answer. Events of
// quality come whenever the machine is too busy.
func (l *hearer) next(t *testing.T, kind event.Type, again ...string) event.Event {
	t.Helper()
	for {
		select {
		case e := <-l.told:
			if slices.Contains(again, e.ID) || e.Type == event.ParticipantQuality {
				continue
			}
			if e.Type != kind || e.Room != "demo" {
				t.Fatalf("%+v came, not %s", e, kind)
			}
			return e
		case <-time.After(poll.Patience):
			t.Fatalf("no %s came", kind)
		}
	}
}

// TestWebhooks kills a server with SIGKILL whose webhook is away. The next server tells
// what happened before, then what happens to itself, up to its end.
func TestWebhooks(t *testing.T) {
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	hook, dir := hear(t), t.TempDir()
	serve := func(secret string) (string, func(syscall.Signal)) {
		t.Setenv("TILEMIX_WEBHOOK_SECRET", secret)
		url, process := serveProcess(t, "--data-dir", dir, "--allow-private-outputs", "--webhook", hook.URL+"/in?key=hidden")
		return url, func(s syscall.Signal) {
			if err := process.Signal(s); err != nil {
				t.Fatal(err)
			}
			_, _ = process.Wait()
		}
	}
	waiting := func() int {
		files, _ := filepath.Glob(filepath.Join(dir, "webhooks", "*", "*.json"))
		return len(files)
	}
	url, end := serve(awaySecret)
	film(t, url)
	<-hook.missed
	poll.Until(t, "two events in the queue", func() bool { return waiting() >= 2 })
	end(syscall.SIGKILL)

	url, end = serve(webhookSecret)
	hook.next(t, event.RoomStarted)
	joined := hook.next(t, event.ParticipantJoined)
	if joined.Participant == nil || joined.Participant.Name != "Ada" || joined.Participant.Viewer {
		t.Errorf("%+v joined", joined.Participant)
	}
	film(t, url)
	hook.next(t, event.RoomStarted)
	again := hook.next(t, event.ParticipantJoined)
	id := startRecording(t, url)
	if e := hook.next(t, event.RecordingStarted); e.Recording.ID != id {
		t.Errorf("%+v started, not %s", e.Recording, id)
	}
	ask(t, "DELETE", url+"/api/v1/recordings/"+id, "", "", http.StatusOK)
	if e := hook.next(t, event.RecordingFinished); e.Recording.ID != id || e.Recording.Bytes == 0 {
		t.Errorf("%+v finished, not %s", e.Recording, id)
	}
	metrics := ask(t, "GET", url+"/metrics", "", "", http.StatusOK)
	for _, part := range []string{`tilemix_webhook_events_total{result="delivered",webhook="`, "tilemix_webhook_queued_events{"} {
		if !strings.Contains(metrics, part) {
			t.Errorf("/metrics have no %s", part)
		}
	}
	if strings.Contains(metrics, "hidden") {
		t.Error("/metrics show what is in the URL")
	}
	end(syscall.SIGTERM)
	if waiting() > 0 { // this machine was too slow for the last attempts, and the next server tells the rest
		serve(webhookSecret)
	}
	left := hook.next(t, event.ParticipantLeft)
	if left.Participant.ID != again.Participant.ID {
		t.Errorf("%+v left, not %+v", left.Participant, again.Participant)
	}
	hook.next(t, event.RoomEnded, left.ID)
}

// TestWebhookAddresses has webhooks on addresses that nothing may be sent to.
func TestWebhookAddresses(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	for _, url := range []string{"http://127.0.0.1:9/", "http://169.254.169.254/latest", "http://[fe80::1]/", "http://10.0.0.1/"} {
		for _, private := range []bool{false, true} {
			s := settings{DataDir: t.TempDir(), Webhooks: []string{url}, WebhookSecret: webhookSecret, AllowPrivate: private}
			_, err := newWebhooks(&s, log)
			allowed := private && (strings.Contains(url, "127") || strings.Contains(url, "10.0"))
			if allowed != (err == nil) || err != nil && !errors.Is(err, reach.ErrRefused) {
				t.Errorf("%s, private %v: %v", url, private, err)
			}
		}
	}
}
