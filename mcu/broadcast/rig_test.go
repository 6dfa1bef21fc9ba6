package broadcast_test

import (
	"errors"
	"image"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu"
	"tilemix/mcu/broadcast"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

func TestMain(m *testing.M) { mcutest.Main(m) }

var quiet = slog.New(slog.DiscardHandler)

// rig is a server with broadcasts, seen by HTTP.
type rig struct {
	*broadcast.Broadcaster
	t     testing.TB
	rooms *mcutest.Stage
	url   string
	web   *http.Client
	stop  func() // the broadcasts
}

func newRig(t testing.TB, cfg broadcast.Config) *rig {
	t.Helper()
	return newRigOf(t, mcu.DefaultConfig(), cfg)
}

// newRigOf is newRig with rooms of other settings.
func newRigOf(t testing.TB, of mcu.Config, cfg broadcast.Config) *rig {
	t.Helper()
	rooms := mcutest.Serve(t, of)
	r := &rig{Broadcaster: broadcast.New(cfg, rooms, quiet), t: t, rooms: rooms}
	r.stop = mcutest.Beside(t, r.Run)
	site := httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(site.Close)
	r.url, r.web = site.URL, site.Client()
	r.web.Transport.(*http.Transport).MaxIdleConnsPerHost = 100
	return r
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
	ada, client := r.rooms.Enter(mcu.JoinOptions{Room: room, Name: "Ada"}, rtctest.Options{Direction: webrtc.RTPTransceiverDirectionSendonly})
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
	poll.Until(r.t, what, is)
}

// encodes is how many pictures the rooms have encoded.
func (r *rig) encodes() float64 {
	r.t.Helper()
	return r.rooms.Metric("tilemix_picture_encodes_total")
}
