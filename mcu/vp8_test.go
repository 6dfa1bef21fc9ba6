package mcu_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// TestVP8 is a call of two who speak VP8 alone and one whose offer only begins with it:
// each sees all three, and whoever has H.264 gets it.
func TestVP8(t *testing.T) {
	s := serve(t, small())
	guests := []*guest{
		s.join("mixed", "Ada", rtctest.Options{VP8: true}),
		s.join("mixed", "Ben", rtctest.Options{VP8: true}),
		s.join("mixed", "Cid", rtctest.Options{VP8: true, H264: "packetization-mode=1;profile-level-id=42e01f"}),
	}
	places := s.place(guests...)
	colours := []signal.Colour{red, green, blue}
	for i, g := range guests {
		film(g, colours[i])
	}
	var all sync.WaitGroup
	for _, g := range guests {
		all.Go(func() {
			g.VideoSink.Await("all colours", func(p rtctest.Picture) error {
				var errs error
				for i, other := range guests {
					errs = errors.Join(errs, s.shows(p, places[other], colours[i]))
				}
				return errs
			})
		})
	}
	all.Wait()
	checkStreams(t, guests...)
	for i, want := range []string{"video/VP8", "video/VP8", "video/H264"} {
		if got := guests[i].VideoSink.Codec(); got != want {
			t.Errorf("guest %d receives %s, not %s", i, got, want)
		}
	}
	if n := s.metric("tilemix_renditions", codec.VP8.String()); n != 1 {
		t.Errorf("%v renditions in VP8 for two who take it", n)
	}
}

// TestVP8Goes has the only viewer of VP8 leave: that viewer's rendition ends.
func TestVP8Goes(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	a, b := s.join("goes", "Ada", both), s.join("goes", "Ben", rtctest.Options{VP8: true})
	places := s.place(a, b)
	film(a, red)
	b.VideoSink.Await("the picture", func(p rtctest.Picture) error { return s.shows(p, places[a], red) })
	s.leave(b)
	gone, once := make(chan struct{}), sync.Once{}
	defer a.VideoSink.Watch(func(rtctest.Picture) {
		if s.metric("tilemix_renditions", codec.VP8.String()) == 0 {
			once.Do(func() { close(gone) })
		}
	})()
	select {
	case <-gone:
	case <-time.After(rtctest.Patience):
		t.Error("a rendition that nobody takes stays")
	}
}
