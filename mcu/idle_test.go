package mcu_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"tilemix/codec/pcm"
	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// work is what a server did so far that costs: decoded pictures, encoded
// pictures, encoded blocks of sound.
func (s *stage) work() [3]float64 {
	return [3]float64{
		s.metric("tilemix_uplink_video_total", "pictures"),
		s.metric("tilemix_picture_encodes_total"),
		s.metric("tilemix_sound_encodes_total"),
	}
}

// still waits until no work has been done for longer than any keep-alive takes.
func (s *stage) still() {
	s.t.Helper()
	last, since := s.work(), time.Now()
	s.await("the server to be still", func() bool {
		if now := s.work(); now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) > 2500*time.Millisecond
	})
}

// TestPublisher has somebody only send, and at times somebody only watch.
func TestPublisher(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	pub := s.join("stage", "Pub", publisher)
	film(pub, green)
	stop := pub.Speak(signal.Tone(440, 0.2))
	s.await("packets of a second", func() bool {
		return s.metric("tilemix_uplink_video_total", "packets") > 15 &&
			s.metric("tilemix_uplink_audio_total", "packets") > 50
	})
	if w := s.work(); w != [3]float64{} {
		t.Errorf("with nobody to receive, pictures decoded, encoded, and sounds encoded are %v", w)
	}
	if n := pub.Video.KeyRequests(); n > 0 {
		t.Errorf("with nobody to see, %d key frames were asked for", n)
	}
	stop()
	pub.Speak(signal.Tone(1100, 0.2))
	heard := s.metric("tilemix_uplink_audio_total", "packets")
	s.await("the new tone", func() bool { return s.metric("tilemix_uplink_audio_total", "packets") > heard+100 })

	eye := s.join("stage", "Eye", viewer)
	stale := 0.0
	forget := eye.AudioSink.Watch(func(sound rtctest.Sound) {
		stale = max(stale, signal.Amplitude(sound.Block, 440))
	})
	layout := next(t, &eye.news, "a layout", func(control.Layout) bool { return true })
	if len(layout.Tiles) != 1 || layout.Tiles[0].ID != pub.id {
		t.Errorf("the layout is %v, not one tile for the publisher", layout.Tiles)
	}
	tile := s.place(pub)[pub]
	eye.VideoSink.Await("the publisher's picture", func(p rtctest.Picture) error { return s.shows(p, tile, green) })
	eye.AudioSink.Await("the publisher's tone", mixMinus([]float64{1100}, -1, 0.2))
	forget()
	if stale > 0.02 {
		t.Errorf("what was said before anybody listened was heard, with an amplitude of %.3f", stale)
	}
	if infos := s.Rooms(); len(infos) != 1 || infos[0].Participants != 1 || infos[0].Viewers != 1 {
		t.Errorf("rooms are %+v", infos)
	}
	checkStreams(t, eye)
	s.leave(eye)
	s.still()
}

// TestNobodySends has people look at each other's initials.
func TestNobodySends(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	a, b := s.join("quiet", "Ada", both), s.join("quiet", "Ben", both)
	c := s.join("quiet", "Cid", viewer)
	for _, g := range []*guest{a, b} { // else the room says after 5 s that nothing comes
		g.p.Handle(control.Mute{AudioMuted: true, VideoMuted: true})
	}
	for _, g := range []*guest{a, b, c} {
		s.await("a picture", func() bool { _, n := g.VideoSink.Received(); return n > 0 }) // it may be there
	}
	connected := time.Now()
	s.still()
	if d := time.Since(connected); d > 10*time.Second {
		t.Logf("the room came to rest only after %v", d)
	}
	if w := s.work(); w[0] != 0 || w[2] != 0 {
		t.Errorf("pictures decoded, encoded, and sounds encoded are %v", w)
	}
	// A room at rest wakes for who asks.
	n := s.work()[1]
	key := make(chan struct{}, 1)
	forget := c.VideoSink.Watch(func(p rtctest.Picture) {
		if p.Key {
			select {
			case key <- struct{}{}:
			default:
			}
		}
	})
	defer forget()
	c.RequestKeyFrame()
	select {
	case <-key:
	case <-time.After(rtctest.Patience):
		t.Fatal("no key frame")
	}
	for range 100 {
		c.RequestKeyFrame()
	}
	s.still()
	if got := s.work()[1] - n; got < 1 || got > 2 {
		t.Errorf("%v pictures were encoded for one key frame, and another at most", got)
	}
	checkStreams(t, a, b, c)
}

// TestSharedSound counts the encodes for four, one of whom speaks.
func TestSharedSound(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	var guests []*guest
	for i := range 4 {
		g := s.join("shared", fmt.Sprint(i), both)
		loud := 0.0
		if i == 0 {
			loud = 0.2
		}
		g.Speak(signal.Tone(500, loud))
		guests = append(guests, g)
	}
	guests[3].AudioSink.Await("the speaker", mixMinus([]float64{500}, -1, 0.2))
	_, blocks := guests[3].AudioSink.Received()
	encodes, ticks := s.work()[2], s.metric("tilemix_stage_seconds", "mix")
	lag := poll.Lag(t)
	guests[3].AudioSink.Await("two seconds more", func(rtctest.Sound) error {
		if _, n := guests[3].AudioSink.Received(); n-blocks < 2*pcm.Rate/pcm.Samples {
			return errors.New("not yet")
		}
		return nil
	})
	each := (s.work()[2] - encodes) / (s.metric("tilemix_stage_seconds", "mix") - ticks)
	t.Logf("%.2f encodes a block for four listeners, one of whom speaks", each)
	switch late := lag(); {
	case each >= 1.8 && each <= 2.2:
	case late > 20*ms: // listeners that lose packets have streams of their own
		t.Logf("not judged: timers are %v late (p95)", late)
	default:
		t.Errorf("%.2f encodes a block, not speakers + 1", each)
	}
	checkStreams(t, guests...)
}
