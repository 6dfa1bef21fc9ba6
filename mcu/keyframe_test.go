package mcu_test

import (
	"errors"
	"testing"
	"time"

	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
)

// TestKeyFrames has a viewer ask for key frames without end. The others see few of
// them, and who loses a picture or comes in between waits for none.
func TestKeyFrames(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	pub, calm, greedy := s.join("keys", "Pub", publisher), s.join("keys", "Calm", viewer), s.join("keys", "Greedy", viewer)
	film(pub, green)
	tile := s.place(pub)[pub]
	green := func(p rtctest.Picture) error { return s.shows(p, tile, green) }
	calm.VideoSink.Await("the picture", green)
	greedy.VideoSink.Await("the picture", green)

	stop := make(chan struct{})
	stormed := make(chan struct{})
	go func() {
		defer close(stormed)
		for tick := time.NewTicker(10 * time.Millisecond); ; {
			select {
			case <-tick.C:
				greedy.RequestKeyFrame()
			case <-stop:
				tick.Stop()
				return
			}
		}
	}()
	var keys []uint32
	forget := calm.VideoSink.Watch(func(p rtctest.Picture) {
		if p.Key {
			keys = append(keys, p.Timestamp)
		}
	})
	key := func(p rtctest.Picture) error {
		if !p.Key {
			return errors.New("not yet")
		}
		return nil
	}
	began := time.Now()
	calm.VideoSink.Await("eight seconds", func(rtctest.Picture) error {
		if time.Since(began) < 8*time.Second {
			return errors.New("not yet")
		}
		return nil
	})
	forget()
	if len(keys) < 2 || len(keys) > 3 {
		t.Errorf("%d key frames in eight seconds because of one viewer", len(keys))
	}
	for i := 1; i < len(keys); i++ {
		if d := keys[i] - keys[i-1]; d < 89_990 {
			t.Errorf("key frames are %v apart", time.Duration(d)*time.Second/90_000)
		}
	}
	if s.metric("tilemix_key_requests_ignored_total") == 0 || s.metric("tilemix_rendition_moves_total", "lesser") == 0 {
		t.Error("the viewer that asks on and on was not given a rendition of its own")
	}
	crowd, lost := poll.Crowd(t), time.Now()
	calm.RequestKeyFrame()
	calm.VideoSink.Await("a key frame", key)
	inTime(t, "the viewer that asked for its first key frame had it", time.Since(lost), 3*time.Second, crowd)
	joined := time.Now()
	late := s.join("keys", "Late", viewer)
	late.VideoSink.Await("the picture", green)
	t.Logf("the late viewer saw the picture after %v", time.Since(joined))
	inTime(t, "the late viewer saw the picture", time.Since(joined), 5*time.Second, crowd)
	close(stop)
	<-stormed
	checkStreams(t, calm, greedy, late)
}
