package mcu_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// units encodes a clip as a camera would.
func units(t *testing.T, cfg codec.VideoConfig, n int) [][]byte {
	t.Helper()
	enc, err := h264.NewEncoder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	var out [][]byte
	for i := range n {
		au, err := enc.Encode(codectest.Picture(cfg.Width, cfg.Height, i), time.Duration(i)*time.Second/time.Duration(cfg.FrameRate))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, bytes.Clone(au.Data))
	}
	return out
}

// TestGreedy has a sender send 1080p at 180 pictures a second for a small tile. The server
// does not decode what is too much. The sender and their neighbour are still seen.
func TestGreedy(t *testing.T) {
	s := serve(t, small())
	eye := s.join("greedy", "Eye", viewer)
	ada, ben := s.join("greedy", "Ada", publisher), s.join("greedy", "Ben", publisher)
	ada.Play(units(t, codec.VideoConfig{Width: 1920, Height: 1080, FrameRate: 30, Bitrate: 1_000_000}, 20), 180)
	film(ben, green)
	places := s.place(ada, ben)
	dropped := func() float64 { // on a busy machine because they are read late
		return s.metric("tilemix_uplink_video_total", "capped") + s.metric("tilemix_uplink_video_total", "lagged")
	}
	s.await("pictures to be dropped", func() bool { return dropped() > 0 })
	before, fresh := signal.Colour{}, 0
	eye.VideoSink.Await("both, after pictures were dropped", func(p rtctest.Picture) error {
		if now := signal.Mean(p.Image, places[ada]); now != before {
			before = now
			fresh++
		}
		if fresh < 2*s.cfg.FrameRate {
			return errors.New("Ada's picture stands still")
		}
		return s.shows(p, places[ben], green)
	})
	checkStreams(t, eye)
}

// TestStudio has a sender alone in a room send 1080p at 60 pictures a second and 6 Mbit/s, with a
// key frame every second whatever it is asked for. All its pictures are shown, if the machine
// has time for that.
func TestStudio(t *testing.T) {
	s := serve(t, small())
	eye, ada := s.join("studio", "Eye", viewer), s.join("studio", "Ada", publisher)
	ada.Play(units(t, codec.VideoConfig{Width: 1920, Height: 1080, FrameRate: 60, Bitrate: 6_000_000}, 60), 60)
	seen := s.place(ada)[ada]
	eye.VideoSink.Await("Ada", func(p rtctest.Picture) error {
		if signal.Mean(p.Image, seen).Y < 30 {
			return errors.New("there is no picture")
		}
		return nil
	})
	lag, crowd, began := poll.Lag(t), poll.Crowd(t), time.Now()
	shown, capped := s.metric("tilemix_uplink_video_total", "pictures"), s.metric("tilemix_uplink_video_total", "capped")
	time.Sleep(3 * time.Second) // of what is counted
	shown = (s.metric("tilemix_uplink_video_total", "pictures") - shown) / time.Since(began).Seconds()
	capped = s.metric("tilemix_uplink_video_total", "capped") - capped
	late, others, share := lag(), crowd(), s.metric("tilemix_decode_share")
	t.Logf("%.0f pictures a second, %.0f left out, share %.2f, timers %v late (p95), others have %.2f cores", shown, capped, share, late, others)
	if late < 5*time.Millisecond && others < poll.Crowded && (shown < 30 || capped > 0) {
		t.Errorf("%.0f pictures a second, %.0f left out, with a share of %.2f", shown, capped, share)
	}
}
