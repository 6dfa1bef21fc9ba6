package still_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/room"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/still"
	"tilemix/mcu/views"
)

func TestMain(m *testing.M) { mcutest.Main(m) }

// TestPictures takes pictures of a call with a bright red camera, whom nobody watches, and of views of it.
// Those who ask within a second share one, and no picture costs an encode.
func TestPictures(t *testing.T) {
	cfg := mcutest.Small()
	cfg.MaxViews = 1
	s := mcutest.Serve(t, cfg)
	taker := still.New(s)
	_, client := s.Enter(mcu.JoinOptions{Room: "demo", Name: "Ada"}, rtctest.Options{Direction: webrtc.RTPTransceiverDirectionSendonly})
	t.Cleanup(client.Film(rtctest.Camera{Draw: func(img *image.YCbCr, _ time.Duration) {
		for i := range img.Y {
			img.Y[i] = 82 // pure red in BT.601, limited range
		}
		for i := range img.Cb {
			img.Cb[i], img.Cr[i] = 90, 240
		}
	}}))
	crowd := poll.Crowd(t)
	var wait sync.WaitGroup
	var all [3]still.Photo
	for i := range all {
		wait.Go(func() {
			var err error
			if all[i], err = taker.Take(t.Context(), "demo", views.Wish{}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for _, p := range all[1:] { // on a busy machine the last may have asked a second after the first one's
		if apart := p.Taken.Sub(all[0].Taken).Abs(); &p.JPEG[0] != &all[0].JPEG[0] && apart < time.Second {
			t.Errorf("pictures that were taken within %v are not the same", apart)
		}
	}
	photo := all[0]
	poll.Until(t, "the camera", func() bool {
		img, err := jpeg.Decode(bytes.NewReader(photo.JPEG))
		if err != nil || img.Bounds().Size() != image.Pt(640, 360) {
			t.Fatalf("%v, %v", img.Bounds(), err)
		}
		red := color.RGBAModel.Convert(img.At(320, 180)).(color.RGBA)
		if red.R >= 247 && red.G <= 12 && red.B <= 12 {
			return true
		}
		if others := crowd(); others < poll.Crowded {
			t.Errorf("red is %v", red)
			return true
		}
		if photo, err = taker.Take(t.Context(), "demo", views.Wish{}); err != nil { // on a busy machine the camera may be late
			t.Fatal(err)
		}
		return false
	})
	upright := views.Wish{Layout: "speaker", Canvas: "360x640"}
	p, err := taker.Take(t.Context(), "demo", upright)
	if err != nil {
		t.Fatal(err)
	}
	if img, err := jpeg.DecodeConfig(bytes.NewReader(p.JPEG)); err != nil || img.Width != 360 || img.Height != 640 {
		t.Errorf("upright is %dx%d, %v", img.Width, img.Height, err)
	}
	families, err := s.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == "tilemix_picture_encodes_total" && m.GetCounter().GetValue() > 0 {
				t.Errorf("pictures were encoded as video: %v", m)
			}
		}
	}
}

// TestRefused asks for what there is not, and for more than there may be.
func TestRefused(t *testing.T) {
	s := mcutest.Serve(t, mcutest.Small())
	taker := still.New(s)
	if _, err := taker.Take(t.Context(), "nowhere", views.Wish{}); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("no room: %v", err)
	}
	ada, err := s.Join(mcu.JoinOptions{Room: "demo", Name: "Ada", Fed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ada.Leave(); <-ada.Done() })
	if _, err := taker.Take(t.Context(), "demo", views.Wish{Layout: "heap"}); !errors.Is(err, views.ErrInvalid) {
		t.Errorf("no layout: %v", err)
	}
	n := 0
	poll.Until(t, "nine views within a second", func() bool {
		began, last := time.Now(), error(nil)
		for range 9 {
			n++
			_, last = taker.Take(t.Context(), "demo", views.Wish{Layout: fmt.Sprintf("heap%d", n)})
		}
		if time.Since(began) >= time.Second {
			return false
		}
		if !errors.Is(last, room.ErrTooOften) {
			t.Errorf("the ninth view within a second: %v", last)
		}
		return true
	})
	gone, leave := context.WithCancel(t.Context())
	leave()
	began := time.Now()
	if _, err := taker.Take(gone, "other", views.Wish{}); err == nil || time.Since(began) > 3*time.Second { // a picture may take 4 s
		t.Errorf("a client that has gone: %v after %v", err, time.Since(began))
	}
}
