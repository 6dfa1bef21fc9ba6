package mcu_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// TestCountersRise reads the counters again and again while people come and go,
// and a room with them: none ever falls.
func TestCountersRise(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	stop, last, lag, crowd := make(chan struct{}), map[string]float64{}, poll.Lag(t), poll.Crowd(t)
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			s.counters(func(name string, value float64) {
				if value < last[name] {
					t.Errorf("%s fell from %v to %v", name, last[name], value)
				}
				last[name] = value
			})
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	for range 3 {
		a, b := s.join("rise", "Ada", both), s.join("rise", "Ben", both)
		for _, g := range []*guest{a, b} {
			film(g, red)
			g.Speak(signal.Tone(440, 0.3))
		}
		tile := s.place(a, b)[b]
		a.VideoSink.Await("the other", func(p rtctest.Picture) error { return s.shows(p, tile, red) })
		s.leave(b)
		s.leave(a)
	}
	s.await("the room to end", func() bool { return s.metric("tilemix_rooms") == 0 })
	close(stop)
	reading.Wait()
	for _, name := range []string{
		"tilemix_uplink_video_total packets", "tilemix_uplink_video_total pictures",
		"tilemix_uplink_audio_total packets", "tilemix_picture_encodes_total H.264 360", "tilemix_socket_packets_total sent",
	} {
		if last[name] == 0 {
			t.Errorf("%s is 0", name)
		}
	}
	crowded := lag() > 5*time.Millisecond || crowd() > poll.Crowded
	for _, name := range []string{
		"tilemix_socket_packets_total dropped", "tilemix_downlink_errors_total", "tilemix_data_channel_slow_closed_total",
		"tilemix_data_channel_rejected_total", "tilemix_data_channel_foreign_closed_total",
		"tilemix_invalid_reports_total", "tilemix_connection_panics_total", "tilemix_downlink_dropped_total",
		"tilemix_downlink_held_total", "tilemix_absurd_reports_total",
	} {
		busy := crowded && strings.HasPrefix(name, "tilemix_downlink_") // what waits too long is dropped
		if n, ok := last[name]; !ok || n > 0 && !busy {
			t.Errorf("%s is %v, there is one: %v", name, n, ok)
		}
	}
}

// counters calls f with each counter and its labels.
func (s *stage) counters(f func(name string, value float64)) {
	families, err := s.Registry.Gather()
	if err != nil {
		s.t.Error(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if m.GetCounter() != nil {
				name := family.GetName()
				for _, l := range m.GetLabel() {
					name += " " + l.GetValue()
				}
				f(name, m.GetCounter().GetValue())
			}
		}
	}
}
