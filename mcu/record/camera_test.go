package record_test

import (
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/mcu/media"
	"tilemix/mcu/record"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/rtc/rtctest/barcode"
)

// camera is Ada's. It makes an IDR only when it is asked to.
type camera struct {
	s     *studio
	enc   *h264.Encoder
	n     uint64
	asked int  // by the tap, for IDRs
	deaf  bool // requests are lost on their way
}

func newCamera(s *studio) *camera {
	s.t.Helper()
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: 320, Height: 180, FrameRate: frameRate, Bitrate: 200_000})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = enc.Close() })
	return &camera{s: s, enc: enc}
}

// film sends pictures while time passes in the room too.
func (c *camera) film(pictures int) {
	c.s.t.Helper()
	for range pictures {
		c.s.roll(frame)
		barcode.Paint(c.s.img, int(c.n)%barcode.Numbers)
		au, err := c.enc.Encode(c.s.img, time.Duration(c.n)*frame)
		if err != nil {
			c.s.t.Fatal(err)
		}
		c.n++
		if c.s.tap.Picture("ADA", codec.H264, c.n, au.Data, au.Key, media.Time{Arrived: c.s.at}) {
			c.asked++
			if !c.deaf {
				c.enc.ForceKeyFrame()
			}
		}
	}
}

// startTracks begins a recording with tracks.
func startTracks(t *testing.T, c *record.Recorder) string {
	t.Helper()
	info, err := c.Start("studio", record.Options{Tracks: true})
	if err != nil {
		t.Fatal(err)
	}
	return info.ID
}

// track returns the path of Ada's track of a kind.
func track(t *testing.T, cfg record.Config, info sidecar.Info, kind string) string {
	t.Helper()
	for _, p := range info.Participants {
		for _, track := range p.Tracks {
			if track.Kind == kind {
				return file(cfg, track.File[:len(track.File)-len(".mp4")])
			}
		}
	}
	t.Fatalf("no %s in %+v", kind, info.Participants)
	return ""
}

// TestPauseOfTracks has a camera's track go on after a pause, also where the first requests
// for an IDR are lost.
func TestPauseOfTracks(t *testing.T) {
	s, cfg := newStudio(t), in(t.TempDir())
	c, _ := recorder(t, cfg, s)
	ada := newCamera(s)
	id := startTracks(t, c)
	ada.film(30)
	for _, pause := range []bool{true, false} {
		if _, err := c.Pause("studio", id, pause); err != nil {
			t.Fatal(err)
		}
		asked := ada.asked
		ada.deaf = true
		ada.film(15)
		if pause && (ada.asked > asked || s.asked > 0) || !pause && (ada.asked-asked != 15 || s.asked != 1) {
			t.Errorf("paused is %v: asked for %d IDRs with 15 pictures, and %d times of all", pause, ada.asked-asked, s.asked)
		}
	}
	ada.deaf = false
	ada.film(31) // the first of them still needs what is missing
	info := finish(t, c, id)
	if n := look(t, track(t, cfg, info, "video")).frames("h264"); n != 60 {
		t.Errorf("the track has %d pictures, not those before the pause and after the IDR", n)
	}
	if info.DroppedTracks != 0 {
		t.Errorf("%d dropped, though the disk kept pace", info.DroppedTracks)
	}
}
