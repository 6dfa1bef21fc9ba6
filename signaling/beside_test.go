package signaling_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// poster is the server's end of a connection by WHIP.
type poster struct {
	t       *testing.T
	address string
	header  []string
	at      string // of the session
}

func (p *poster) Offer(_ context.Context, sdp string) (string, error) {
	r := do(p.t, http.MethodPost, p.address, sdp, append([]string{"Content-Type", typeSDP}, p.header...)...)
	if r.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("it answers %d: %s", r.StatusCode, r.body)
	}
	p.at = r.Header.Get("Location")
	return r.body, nil
}

// TestBeside has an encoder share the screen of a participant who is in the call by another client. It is that
// participant's, and ends by DELETE, and with the participant. A client without the right, and a second screen,
// are refused.
func TestBeside(t *testing.T) {
	srv := newServer(t)
	url := serve(t, srv, open())
	welcome := make(chan control.Welcome, 1)
	p, err := srv.Join(mcu.JoinOptions{Room: "demo", Name: "Ada", Resumable: true, Send: func(m control.Message) {
		if w, ok := control.Plain(m).(control.Welcome); ok {
			welcome <- w
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { p.Leave(); <-p.Done() }()
	page := rtctest.New(t, rtctest.Options{Buffered: true})
	if _, err := page.Connect(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	w := <-welcome
	vic := enter(t, srv, "demo", "Vic", webrtc.RTPTransceiverDirectionRecvonly)
	shown := func() (people, screens int) {
		all, err := srv.Attendees("demo", "all")
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			if a.Screen {
				screens++
			}
		}
		return len(all), screens
	}
	at := url + "/whip/demo?as=screen&participant=" + w.ID
	own := []string{"Authorization", "Bearer " + w.Resume}
	share := func(header ...string) (*rtctest.Client, *poster, error) {
		c, to := rtctest.New(t, rtctest.Options{Direction: webrtc.RTPTransceiverDirectionSendonly}), &poster{t: t, address: at, header: header}
		_, err := c.Connect(t.Context(), to)
		return c, to, err
	}
	for _, header := range [][]string{nil, {"Authorization", "Bearer nobody"}} {
		if _, _, err := share(header...); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("without the right: %v", err)
		}
	}
	do(t, http.MethodPost, url+"/whip/demo?participant="+w.ID, "", own...).want(t, http.StatusBadRequest)
	do(t, http.MethodPost, url+"/whip/demo?as=screen&participant=nobody", "", own...).want(t, http.StatusNotFound)

	obs, to, err := share(own...)
	if err != nil {
		t.Fatal(err)
	}
	blue := signal.Colour{Y: 60, Cb: 200, Cr: 100}
	obs.Film(rtctest.Camera{Size: image.Pt(640, 360), Draw: func(img *image.YCbCr, _ time.Duration) { blue.Paint(img) }})
	vic.VideoSink.Await("the screen", func(p rtctest.Picture) error {
		b := p.Image.Rect
		if got := signal.Mean(p.Image, image.Rect(b.Dx()/4, b.Dy()/4, b.Dx()/2, b.Dy()*3/4)); got.Distance(blue) > 12 {
			return fmt.Errorf("it is %v", got)
		}
		return nil
	})
	if people, screens := shown(); people != 2 || screens != 1 {
		t.Errorf("there are %d people with %d screens", people, screens)
	}
	if _, _, err := share(own...); err == nil || !strings.Contains(err.Error(), "409") {
		t.Errorf("a second screen: %v", err)
	}
	do(t, http.MethodDelete, url+to.at, "").want(t, http.StatusOK)
	poll.Until(t, "no screen", func() bool { _, screens := shown(); return screens == 0 })

	if _, to, err = share(own...); err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Member("demo", "nobody"); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("nobody is in the room: %v", err)
	}
	if _, err := srv.Member("other", w.ID); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("nobody is in a room that is not there: %v", err)
	}
	if side, err := p.Beside(false); !errors.Is(err, control.ErrScreen) {
		t.Errorf("before the picture of a screen, another one is %v, %v", side, err)
	}
	p.Leave()
	<-p.Done()
	if _, err := p.Beside(false); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("beside a participant who has left: %v", err)
	}
	poll.Until(t, "the end of the session", func() bool {
		return do(t, http.MethodDelete, url+to.at, "").StatusCode == http.StatusNotFound
	})
}
