package mcu_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
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

// TestGreedy has a sender send 1080p at 90 pictures a second for a small tile. The server
// does not decode what is too much. The sender and their neighbour are still seen.
func TestGreedy(t *testing.T) {
	s := serve(t, small())
	eye := s.join("greedy", "Eye", viewer)
	ada, ben := s.join("greedy", "Ada", publisher), s.join("greedy", "Ben", publisher)
	ada.Play(units(t, codec.VideoConfig{Width: 1920, Height: 1080, FrameRate: 30, Bitrate: 1_000_000}, 20), 90)
	film(ben, green)
	places := s.place(ada, ben)
	capped := func() float64 { return s.metric("tilemix_uplink_video_total", "capped") }
	s.await("pictures to be dropped", func() bool { return capped() > 0 })
	before, fresh := signal.Colour{}, 0
	eye.VideoSink.Await("both, after pictures were dropped", func(p rtctest.Picture) error {
		if now := signal.Mean(p.Image, places[ada]); now != before {
			before = now
			fresh++
		}
		if fresh < 2*s.cfg.FrameRate {
			return errors.New("Ada's picture stands still")
		}
		return shows(p.Image, places[ben], green)
	})
	checkStreams(t, eye)
}
