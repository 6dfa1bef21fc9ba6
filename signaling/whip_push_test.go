package signaling_test

import (
	"fmt"
	"image"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu"
	"tilemix/mcu/gateway"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/media"
	"tilemix/mcu/room"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
	"tilemix/signaling"
)

// enter connects a client to a room.
func enter(t *testing.T, srv *server, room, name string, d webrtc.RTPTransceiverDirection) *rtctest.Client {
	t.Helper()
	p, err := srv.Join(mcu.JoinOptions{Room: room, Name: name, Viewer: d == webrtc.RTPTransceiverDirectionRecvonly})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Leave(); <-p.Done() })
	c := rtctest.New(t, rtctest.Options{Direction: d, Buffered: true})
	if _, err := c.Connect(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestWHIPPush sends a call to another server by WHIP. A viewer there sees and hears
// it; when that server's room throws it out, it comes again.
func TestWHIPPush(t *testing.T) {
	cfg := gateway.Default()
	cfg.Private, cfg.FFmpeg = true, "no-such-ffmpeg"
	here, url := serveGateway(t, cfg)
	there := newServer(t)
	elsewhere := serve(t, there, signaling.Default())

	red := signal.Colour{Y: 90, Cb: 90, Cr: 220}
	ada := enter(t, here, "demo", "Ada", webrtc.RTPTransceiverDirectionSendonly)
	ada.Film(rtctest.Camera{Draw: func(img *image.YCbCr, _ time.Duration) { red.Paint(img) }})
	ada.Speak(signal.Tone(440, 0.5))
	vic := enter(t, there, "far", "Vic", webrtc.RTPTransceiverDirectionRecvonly)

	outputs := url + "/api/v1/rooms/demo/outputs"
	body := fmt.Sprintf(`{"url":"whip+%s/whip/far?name=s3cret","token":"s3cret"}`, elsewhere)
	begun := do(t, "POST", outputs, body, "Content-Type", "application/json")
	begun.want(t, http.StatusCreated)
	if strings.Contains(begun.body, "s3cret") {
		t.Errorf("it says %s", begun.body)
	}
	vic.VideoSink.Await("the call's picture", func(p rtctest.Picture) error {
		b := p.Image.Rect
		middle := image.Rect(b.Dx()*3/8, b.Dy()*1/4, b.Dx()*5/8, b.Dy()*3/8)
		if got := signal.Mean(p.Image, middle); got.Distance(red) > 12 {
			return fmt.Errorf("it is %v", got)
		}
		return nil
	})
	vic.AudioSink.Await("the call's sound", func(s rtctest.Sound) error {
		if a := signal.Amplitude(s.Block, 440); a < 0.1 {
			return fmt.Errorf("440 Hz are %f", a)
		}
		return nil
	})
	at := url + begun.Header.Get("Location")
	await(t, at, "up") // which is said when a picture has been sent
	do(t, "DELETE", at, "").want(t, http.StatusNoContent)
	there.wantRooms(t, mcu.RoomInfo{Name: "far", Viewers: 1})
}

// held are rooms whose mix is held back until it is let go.
type held struct {
	*server
	attached, let chan struct{}
}

func (h *held) Room(name string) (heldRoom, error) {
	room, err := h.server.Room(name)
	return heldRoom{room, h}, err
}

type heldRoom struct {
	*room.Handle
	*held
}

func (r heldRoom) Attach(sink media.Sink, o media.SinkOptions) (detach func(), err error) {
	select {
	case r.attached <- struct{}{}:
	default:
	}
	return r.Handle.Attach(&heldSink{sink, r.let}, o)
}

type heldSink struct {
	media.Sink
	let <-chan struct{}
}

func (s *heldSink) Video(au []byte, key bool, at time.Duration) {
	select {
	case <-s.let:
		s.Sink.Video(au, key, at)
	default:
	}
}

// TestWHIPUp holds back the picture of a push: it is up when one is sent.
func TestWHIPUp(t *testing.T) {
	cfg := gateway.Default()
	cfg.Private = true
	here := &held{newServer(t), make(chan struct{}, 1), make(chan struct{})}
	url := serveRooms(t, cfg, here.server, func(cfg gateway.Config, log *slog.Logger) *gateway.Gateway {
		return gateway.New(cfg, here, log)
	})
	elsewhere := serve(t, newServer(t), signaling.Default())
	ada, err := here.Join(mcu.JoinOptions{Room: "demo", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	defer ada.Leave()
	begun := do(t, "POST", url+"/api/v1/rooms/demo/outputs", `{"url":"whip+`+elsewhere+`/whip/far"}`, "Content-Type", "application/json")
	begun.want(t, http.StatusCreated)
	at := url + begun.Header.Get("Location")
	<-here.attached
	for range 20 { // the state would change soon
		if one := read[link](t, do(t, "GET", at, "")); one.State != "starting" {
			t.Fatalf("before there is a picture it is %+v", one)
		}
	}
	close(here.let)
	await(t, at, "up")
}

// TestWHIPRefused pushes to a server that will not have it.
func TestWHIPRefused(t *testing.T) {
	cfg := gateway.Default()
	cfg.Private = true
	here, url := serveGateway(t, cfg)
	elsewhere := serve(t, newServer(t), signaling.Default())
	ada, err := here.Join(mcu.JoinOptions{Room: "demo", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	defer ada.Leave()
	away := httptest.NewServer(http.RedirectHandler("http://169.254.169.254/s3cret", http.StatusTemporaryRedirect))
	defer away.Close()
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "bad credentials: "+r.Header.Get("Authorization")+" for "+r.URL.Path, http.StatusUnauthorized)
	}))
	defer echo.Close()
	parrot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, strings.Repeat(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), 100), http.StatusUnauthorized)
	}))
	defer parrot.Close()
	host := strings.TrimPrefix(echo.URL, "http://")
	for _, c := range []struct{ body, reason string }{
		{`{"url":"whip+` + elsewhere + `/whip/s3cret!"}`, "400"},
		{`{"url":"whip+http://` + host + `/a/s3cret/b/","token":"s3cret"}`, "bad credentials: Bearer *** for /a/***/b/"},
		{`{"url":"whip+http://ada:s3cret@` + host + `/a"}`, "bad credentials: Basic ***== for /a"},
		{`{"url":"whip+` + parrot.URL + `/a","token":"s3cret` + strings.Repeat("k", 2000) + `"}`, "401"},
		{`{"url":"whip+` + away.URL + `/meta"}`, "leads to another origin"},
	} {
		begun := do(t, "POST", url+"/api/v1/rooms/demo/outputs", c.body, "Content-Type", "application/json")
		begun.want(t, http.StatusCreated)
		if one := await(t, url+begun.Header.Get("Location"), "down"); !strings.Contains(one.Reason, c.reason) || strings.Contains(one.Reason, "s3cret") {
			t.Errorf("%s: it says %s", c.body, one.Reason)
		}
	}
}

// await polls until an output or an input is in one of some states.
func await(t *testing.T, at string, states ...string) link {
	t.Helper()
	var one link
	poll.Until(t, fmt.Sprintf("%s to be %v", at, states), func() bool {
		one = read[link](t, do(t, "GET", at, ""))
		return slices.Contains(states, one.State)
	})
	return one
}
