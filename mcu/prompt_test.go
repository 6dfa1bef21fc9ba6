package mcu_test

import (
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/policy"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// TestPromptActs has a host mute and kick who speaks. After 40 ms the mixer makes no block with the voice
// any more, and there is no click. A participant that is kicked is sent nothing after 100 ms.
func TestPromptActs(t *testing.T) {
	s := serve(t, small())
	host, ada := s.join("call", "Host", both), s.join("call", "Ada", both)
	ada.Speak(signal.Tone(700, .2))
	operator := policy.Grant{Role: policy.Host, Name: "Operator"}
	act := func(command control.Message) time.Time {
		t.Helper()
		if err := s.Act("call", operator, command); err != nil {
			t.Fatal(err)
		}
		return time.Now()
	}
	silence := func(off bool) time.Time { return act(control.Set{ID: ada.id, Audio: &control.SetMedia{Muted: &off}}) }
	loud := func(b rtctest.Sound) bool { return signal.Amplitude(b.Block, 700) > .002 }

	lag, crowd := poll.Lag(t), poll.Crowd(t)
	var took []time.Duration
	for range 5 {
		host.AudioSink.Await("the voice", func(b rtctest.Sound) error { return unless(signal.Amplitude(b.Block, 700) > .15 && !b.Mixed.IsZero()) })
		var mu sync.Mutex
		var last time.Time
		step, before := 0., float32(math.NaN())
		stop := host.AudioSink.Watch(func(b rtctest.Sound) {
			mu.Lock()
			defer mu.Unlock()
			for _, x := range b.Block {
				if d := math.Abs(float64(x - before)); d > step {
					step = d
				}
				before = x
			}
			if loud(b) {
				last = b.Mixed
			}
		})
		asked := silence(true)
		quiet := 0
		host.AudioSink.Await("silence", func(b rtctest.Sound) error {
			if quiet++; loud(b) {
				quiet = 0
			}
			return unless(quiet > 10)
		})
		stop()
		mu.Lock()
		took = append(took, last.Sub(asked))
		if step > .04 { // the tone's own steps are 0.018
			t.Errorf("a click of %.3f", step)
		}
		mu.Unlock()
		ada.p.Handle(control.Mute{})
	}
	var mu sync.Mutex
	var last time.Time
	defer ada.VideoSink.Watch(func(p rtctest.Picture) { mu.Lock(); last = p.At; mu.Unlock() })()
	defer ada.AudioSink.Watch(func(b rtctest.Sound) { mu.Lock(); last = b.At; mu.Unlock() })()
	kicked := act(control.Kick{ID: ada.id})
	<-ada.p.Done()
	<-time.After(150 * time.Millisecond) // that nothing comes has no event
	mu.Lock()
	after := max(last.Sub(kicked), 0)
	mu.Unlock()
	slices.Sort(took)
	t.Logf("the last block with the voice is mixed after %v; media of a participant that is kicked ends after %v", took, after)
	late, others := lag(), crowd()
	if late > 5*time.Millisecond || others > poll.Crowded {
		t.Logf("not judged: timers are %v late, others have %.2f cores", late, others)
		return
	}
	if took[2] > 40*time.Millisecond+late || after > 100*time.Millisecond {
		t.Error("that is too late")
	}
}

// unless is nil where something is so.
func unless(so bool) error {
	if so {
		return nil
	}
	return errors.New("not yet")
}
