package rtc_test

import (
	"testing"
	"time"

	"tilemix/mcu/rtc"
	"tilemix/mcu/rtc/rtctest"
)

// TestFaultEndsOneConnection has a client's request find a fault. The server ends and counts
// that client's connection, and no other.
func TestFaultEndsOneConnection(t *testing.T) {
	ended := make(chan struct{}, 100)
	api, p := newServer(t, func(e *rtc.Events) {
		e.KeyFrame = func() { panic("a fault") }
		e.Ended = func() { ended <- struct{}{} }
	})
	c := rtctest.New(t, rtctest.Options{NoDecode: true})
	connect(t, c, p)
	f := &feed{peer: p}
	f.run(rtctest.Patience, 300_000, func() bool {
		c.RequestKeyFrame()
		return len(ended) > 0
	})
	select {
	case <-c.Gone():
	case <-time.After(rtctest.Patience):
		t.Error("the connection stands")
	}
	if n := api.Stats(); n.Panics != 1 || len(ended) != 1 {
		t.Errorf("%d panics; ended %d times", n.Panics, len(ended))
	}
}
