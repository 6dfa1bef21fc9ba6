package mcu

import (
	"image"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/payload"
	"tilemix/mcu/fanout"
	"tilemix/mcu/ladder"
	"tilemix/mcu/rtc/send"
)

// keyed is an encoder of IDRs.
type keyed struct{}

func (keyed) Encode(*image.YCbCr, time.Duration) (codec.AccessUnit, error) {
	return codec.AccessUnit{Data: []byte{0, 0, 0, 1, 0x65, 1}, Key: true}, nil
}
func (keyed) ForceKeyFrame() {}
func (keyed) Close() error   { return nil }

// keysIn has a line drop a viewer's rendition again and again for a time, who then
// waits for another, and counts the IDRs that he causes.
func keysIn(t *testing.T, d time.Duration, dropped, next int) (keys int) {
	t.Helper()
	start := time.Unix(1_800_000_000, 0)
	was := &rendition{kind: kind{codec: codec.H264, rung: dropped}}
	r := &rendition{kind: kind{codec: codec.H264, rung: next}, shared: true}
	r.enc = fanout.NewRendition(keyed{}, &payload.H264Splitter{}, start)
	var w sight
	for at := time.Duration(0); at < d; at += 50 * time.Millisecond {
		now := start.Add(at)
		if w.next == nil {
			w.on, w.next, w.broke = nil, r, was
		}
		w.ask(r, now)
		if r.enc.KeyDue(now) {
			if _, err := r.enc.Encode(nil, now); err != nil {
				t.Fatal(err)
			}
			keys++
			w.begin(r)
			w.on = nil
		}
	}
	return keys
}

// TestNarrowLineCausesFewKeyFrames: everybody has those of a rendition that one line
// cannot carry, but none waits who goes down.
func TestNarrowLineCausesFewKeyFrames(t *testing.T) {
	if n := keysIn(t, 30*time.Second, 0, 0); n < 2 || n > 4 {
		t.Errorf("a line that cannot carry the picture causes %d IDRs in half a minute", n)
	}
	if n := keysIn(t, 10*time.Second, 0, 1); n < 9 {
		t.Errorf("who goes down gets %d IDRs in ten seconds", n)
	}
}

// TestSteady: a line that did not take something is narrow for some seconds.
func TestSteady(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	var r repairs
	for _, c := range []struct {
		at   time.Duration
		held uint64
		want bool
	}{{0, 0, true}, {time.Second, 1, false}, {5 * time.Second, 1, false}, {6100 * time.Millisecond, 1, true}, {7 * time.Second, 2, false}} {
		if got := r.steady(c.held, start.Add(c.at)); got != c.want {
			t.Errorf("after %v: %v", c.at, got)
		}
	}
}

// TestWatch: who comes back over another line has his rung, and his allowance.
func TestWatch(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	rungs := ladder.Of(ladder.Rung{Size: image.Pt(1280, 720), FrameRate: 30, Bitrate: 1_500_000})
	var w sight
	w.watch(new(send.Downlink), rungs)
	if w.choice.Rung() != 0 {
		t.Errorf("he begins on rung %d", w.choice.Rung())
	}
	for i := range 30 {
		w.choice.Decide(ladder.Line{Estimate: 300_000, Sent: uint64(i * 20_000)}, now.Add(time.Duration(i)*100*time.Millisecond))
	}
	w.allowance.spend(now)
	w.watch(new(send.Downlink), rungs)
	if w.choice.Rung() != 2 || w.allowance.spent != 1 {
		t.Errorf("he goes on on rung %d, with %d IDRs spent", w.choice.Rung(), w.allowance.spent)
	}
}
