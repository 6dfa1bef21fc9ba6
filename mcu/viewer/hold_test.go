package viewer

import (
	"testing"
	"time"

	"tilemix/mcu/ladder"
)

// TestHold has a relay, as a viewer, stay on a rung of the ladder over a path that carries nothing. Its requests for key
// frames are answered once a second, however many there are: they are those of many viewers.
func TestHold(t *testing.T) {
	rungs := ladder.Of(ladder.Rung{FrameRate: 30, Bitrate: 1_500_000})
	rungs = append(rungs[:1:1], rungs[0], ladder.Rung{}) // two with a picture
	f := newFake(1)
	f.share()
	s := &stream{estimate: 1000}
	var v Subscription
	v.Attach(s, s, rungs)
	v.Hold(2)
	now, due := start, 0
	for range 300 {
		now = now.Add(time.Second / 30)
		verdict := v.Choose(Input{KeyWanted: v.on != nil, Rungs: rungs}, now)
		if verdict != (Verdict{Rung: 1}) {
			t.Fatalf("it is to have %+v", verdict)
		}
		v.Target(f.Rendition)
		v.Replay(now, now)
		key := f.keyDue(now) && f.KeyDue(now)
		if key {
			due++
		}
		v.Deliver(f.Rendition, f.encode(now, key), now)
	}
	if due != 10 {
		t.Errorf("%d key frames in 10 s", due)
	}
	if len(s.got) < 295 {
		t.Errorf("it was sent %d pictures of 300", len(s.got))
	}
	v.Hold(9)
	if verdict := v.Choose(Input{Rungs: rungs}, now); verdict.Rung != 1 {
		t.Errorf("on a rung that there is not it has %d", verdict.Rung)
	}
	v.Hold(0)
	for range 300 {
		now = now.Add(time.Second / 30)
		s.bytes += 10_000
		if v.Choose(Input{Rungs: rungs}, now).Rung == 2 {
			return
		}
	}
	t.Error("it is held although it was let go")
}
