package mcu_test

import (
	"fmt"
	"image"
	"slices"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
	"tilemix/mixer/layout"
)

// seat has n people join a room whose cameras are on, and send nothing any more. They are the
// cheapest there are who have a tile. eye is in the room.
func (s *stage) seat(eye *guest, room string, n int) {
	s.t.Helper()
	for i := range n {
		g := s.join(room, fmt.Sprint("Seat ", i), publisher)
		stop := g.Film(rtctest.Camera{Size: image.Pt(64, 36), FrameRate: 2, Draw: func(img *image.YCbCr, _ time.Duration) { grey.Paint(img) }})
		next(s.t, &eye.news, "the camera of "+g.id, func(m control.Participants) bool {
			return slices.ContainsFunc(m.Participants, func(p control.Person) bool { return p.ID == g.id && !p.VideoMuted })
		})
		stop()
	}
}

// hides tells whether a message is a layout in which n people have no tile.
func hides(n int) func(control.Layout) bool {
	return func(m control.Layout) bool { return m.Hidden == n }
}

func ids(m control.Layout) []string {
	var out []string
	for _, t := range m.Tiles {
		out = append(out, t.ID)
	}
	return out
}

// TestPlaces has more people in a room than tiles. The participant that speaks is seen, in
// the place of the one that has been silent longest. One key frame brings the picture.
func TestPlaces(t *testing.T) {
	s := serve(t, small())
	eye := s.join("large", "Eye", viewer)
	s.seat(eye, "large", 25)
	seen := s.metric("tilemix_uplink_video_total", "pictures")
	s.await("what the seats sent is decoded", func() bool {
		before := seen
		seen = s.metric("tilemix_uplink_video_total", "pictures")
		return seen == before
	})
	packets := s.metric("tilemix_uplink_video_total", "packets")
	ada, ben := s.join("large", "Ada", both), s.join("large", "Ben", both)
	film(ada, red)
	film(ben, green)
	before := next(t, &eye.news, "two without a tile", hides(2))
	if len(before.Tiles) != 25 || slices.Contains(ids(before), ada.id) || slices.Contains(ids(before), ben.id) {
		t.Fatalf("Ada and Ben came last: %v", before.Tiles)
	}
	s.await("pictures of both to come", func() bool { return s.metric("tilemix_uplink_video_total", "packets") > packets+60 })
	// A last picture of those with a tile may be late.
	if n := s.metric("tilemix_uplink_video_total", "pictures") - seen; n > 3 {
		t.Errorf("%v pictures were decoded that nobody sees", n)
	}
	s.asked(t, &ada.news, "no video from who has no tile", 0)
	requests := ada.Video.KeyRequests()

	spoke := time.Now()
	ada.Speak(signal.Tone(440, 0.3))
	after := next(t, &eye.news, "Ada to have a tile", func(m control.Layout) bool { return slices.Contains(ids(m), ada.id) })
	changes := 0
	for _, tile := range after.Tiles {
		if !slices.Contains(before.Tiles, tile) {
			changes++
		}
	}
	if changes != 1 || after.Hidden != 2 {
		t.Errorf("%d tiles changed, %d are hidden: before %v, after %v", changes, after.Hidden, before.Tiles, after.Tiles)
	}
	first := layout.Grid(image.Pt(s.cfg.Width, s.cfg.Height), make([]layout.Source, 25))[0].Rect
	eye.VideoSink.Await("Ada in the place of the first", func(p rtctest.Picture) error { return s.shows(p, first, red) })
	s.asked(t, &ada.news, "video for the tile", 0, 160)
	// One that does not come is asked for again each second.
	if n, took := ada.Video.KeyRequests()-requests, time.Since(spoke); n < 1 || n > 2+int(took.Seconds()) {
		t.Errorf("Ada was asked for %d key frames in %v", n, took)
	}
	checkStreams(t, eye, ada, ben)
}
