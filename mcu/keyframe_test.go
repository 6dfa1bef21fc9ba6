package mcu_test

import (
	"errors"
	"testing"
	"time"

	"tilemix/mcu/rtc/rtctest"
)

// TestKeyFrames has a viewer ask for key frames without end. He gets one a
// second, and so does who comes in between.
func TestKeyFrames(t *testing.T) {
	t.Parallel()
	s := serve(t, small())
	pub, greedy := s.join("keys", "Pub", publisher), s.join("keys", "Greedy", viewer)
	film(pub, green)
	tile := s.place(pub)[pub]
	greedy.Screen.Await("the picture", func(p rtctest.Picture) error { return shows(p.Image, tile, green) })

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
	forget := greedy.Screen.Watch(func(p rtctest.Picture) {
		if p.Key {
			keys = append(keys, p.Timestamp)
		}
	})
	more := func() {
		seen := 0
		greedy.Screen.Await("key frames", func(p rtctest.Picture) error {
			if p.Key {
				seen++
			}
			if seen < 2 {
				return errors.New("not yet")
			}
			return nil
		})
	}
	more()
	joined := time.Now()
	late := s.join("keys", "Late", viewer)
	late.Screen.Await("the picture", func(p rtctest.Picture) error { return shows(p.Image, tile, green) })
	t.Logf("who came late saw the picture after %v", time.Since(joined))
	if d := time.Since(joined); d > 5*time.Second {
		t.Errorf("who came late saw nothing for %v", d)
	}
	more()
	close(stop)
	<-stormed
	forget()
	for i := 1; i < len(keys); i++ {
		if d := keys[i] - keys[i-1]; d < 89_990 {
			t.Errorf("key frames are %v apart", time.Duration(d)*time.Second/90_000)
		}
	}
	checkStreams(t, greedy, late)
}
