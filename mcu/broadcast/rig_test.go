package broadcast_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"tilemix/codec/h264"
	"tilemix/mcu"
	"tilemix/mcu/broadcast"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

func TestMain(m *testing.M) {
	if err := h264.Open(""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

var quiet = slog.New(slog.DiscardHandler)

// rig is a server with broadcasts, seen by HTTP.
type rig struct {
	*broadcast.Broadcaster
	t     testing.TB
	rooms *mcu.Server
	url   string
	web   *http.Client
	stop  func() // the broadcasts
}

func newRig(t testing.TB, cfg broadcast.Config) *rig {
	t.Helper()
	rooms, err := mcu.NewServer(mcu.DefaultConfig(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Broadcaster: broadcast.New(cfg, rooms, quiet), t: t, rooms: rooms}
	r.run(rooms.Run)
	r.stop = r.run(r.Run)
	site := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(site.Close)
	r.url, r.web = site.URL, site.Client()
	r.web.Transport.(*http.Transport).MaxIdleConnsPerHost = 100
	return r
}

func (r *rig) run(run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ctx); err != nil {
			r.t.Error(err)
		}
	}()
	stop = func() { cancel(); <-done }
	r.t.Cleanup(stop)
	return stop
}

// serve is what signaling does: /ROOM/PATH.
func (r *rig) serve(w http.ResponseWriter, q *http.Request) {
	room, path, _ := strings.Cut(q.URL.Path[1:], "/")
	switch err := r.Serve(w, q, room, path); {
	case errors.Is(err, mcu.ErrNotFound):
		w.WriteHeader(http.StatusNotFound)
	case errors.Is(err, broadcast.ErrBadRequest):
		w.WriteHeader(http.StatusBadRequest)
	case err != nil:
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// film puts somebody into a room who moves, or whose camera is off, and who hums.
func (r *rig) film(room string, moves bool) (leave func()) {
	r.t.Helper()
	ada, err := r.rooms.Join(mcu.JoinOptions{Room: room, Name: "Ada"})
	if err != nil {
		r.t.Fatal(err)
	}
	client := rtctest.New(r.t, rtctest.Options{Direction: webrtc.RTPTransceiverDirectionSendonly})
	ctx, cancel := context.WithTimeout(r.t.Context(), rtctest.Patience)
	defer cancel()
	offer, err := client.Offer(ctx)
	if err == nil {
		var answer string
		if answer, err = ada.Offer(ctx, offer); err == nil {
			err = client.Answer(ctx, answer)
		}
	}
	if err != nil {
		r.t.Fatal(err)
	}
	if moves {
		client.Film(rtctest.Camera{FrameRate: 30, Draw: func(img *image.YCbCr, at time.Duration) {
			signal.Colour{Y: uint8(60 + at/(20*time.Millisecond)%128), Cb: 100, Cr: 150}.Paint(img)
		}})
	}
	client.Speak(signal.Tone(440, 0.2))
	return func() {
		ada.Leave()
		<-ada.Done()
		client.Close()
	}
}

// get asks for a path, which must be answered by a status.
func (r *rig) get(path string, status int) (body string, h http.Header) {
	r.t.Helper()
	body, h, got := r.ask(path)
	if got != status {
		r.t.Fatalf("%s: %d %s, want %d", path, got, body, status)
	}
	return body, h
}

func (r *rig) ask(path string) (body string, h http.Header, status int) {
	q, err := http.NewRequestWithContext(r.t.Context(), "GET", r.url+"/"+path, nil)
	if err != nil {
		return err.Error(), nil, 0
	}
	resp, err := r.web.Do(q)
	if err != nil {
		return err.Error(), nil, 0
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error(), nil, 0
	}
	return string(data), resp.Header, resp.StatusCode
}

// await waits for something that is to happen.
func (r *rig) await(what string, is func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("never: %s", what)
		}
	}
}

// encodes is how many pictures the rooms have encoded.
func (r *rig) encodes() float64 {
	r.t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(r.rooms.Collectors()...)
	families, err := reg.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() == "tilemix_picture_encodes_total" {
			for _, m := range f.Metric {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}
