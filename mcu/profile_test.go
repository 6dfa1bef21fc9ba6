package mcu_test

import (
	"testing"

	"tilemix/mcu/rtc/rtctest"
)

// TestProfiles has clients whose only H.264 is of one profile send their picture
// and see the mix.
func TestProfiles(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	for name, fmtp := range map[string]string{
		"registered":   "packetization-mode=1;profile-level-id=42c01f",
		"unregistered": "packetization-mode=1;profile-level-id=42801f",
		"extended":     "packetization-mode=1;profile-level-id=58e01f",
		"none":         "packetization-mode=1",
	} {
		t.Run(name, func(t *testing.T) {
			a := s.join(name, "Ada", rtctest.Options{H264: fmtp})
			tile := s.place(a)[a]
			film(a, red)
			a.VideoSink.Await("Ada's own picture", func(p rtctest.Picture) error { return s.shows(p, tile, red) })
			checkStreams(t, a)
			s.leave(a)
		})
	}
}
