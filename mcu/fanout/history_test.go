package fanout

import (
	"bytes"
	"image"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/codec/payload"
)

// scripted is an encoder whose access units are told beforehand.
type scripted struct{ next codec.AccessUnit }

func (s *scripted) Encode(*image.YCbCr, time.Duration) (codec.AccessUnit, error) { return s.next, nil }
func (s *scripted) Close() error                                                 { return nil }

func unit(size int, key bool) codec.AccessUnit {
	return codec.AccessUnit{Data: append([]byte{0, 0, 0, 1, 0x41}, bytes.Repeat([]byte{7}, size)...), Key: key}
}

// TestReplayBeginsAtTheLastIDR and lasts no longer than there may be no other.
func TestReplayBeginsAtTheLastIDR(t *testing.T) {
	enc := &scripted{}
	start := time.Unix(1_800_000_000, 0)
	r := NewRendition(enc, &payload.H264Splitter{}, start)
	feed := func(at time.Duration, size int, key bool) {
		t.Helper()
		enc.next = unit(size, key)
		if _, err := r.Encode(nil, start.Add(at)); err != nil {
			t.Fatal(err)
		}
	}
	want := func(what string, at time.Duration, can bool, units int) {
		t.Helper()
		if got := r.CanReplay(start.Add(at), KeyInterval); got != can || len(r.recent.units) != units {
			t.Errorf("%s: can replay %v, %d access units; want %v, %d", what, got, len(r.recent.units), can, units)
		}
	}
	want("before anything", 0, false, 0)
	feed(0, 100, false)
	want("without an IDR", 0, false, 0)
	feed(100*time.Millisecond, 5000, true)
	feed(133*time.Millisecond, 100, false)
	want("after an IDR", 140*time.Millisecond, true, 2)
	feed(200*time.Millisecond, 5000, true)
	want("after another", 210*time.Millisecond, true, 1)
	feed(300*time.Millisecond, maxHistory, false)
	want("after too much", 310*time.Millisecond, false, 0)
	feed(400*time.Millisecond, 5000, true)
	feed(time.Second, 100, false)
	want("just in time", 1399*time.Millisecond, true, 2)
	want("when an IDR may be made", 1400*time.Millisecond, false, 2)
	feed(1500*time.Millisecond, 100, false)
	want("after the second", 1500*time.Millisecond, false, 0)
}

// TestSpread replays pictures to somebody who was sent something a moment ago, or is
// ahead by a moment: timestamps rise, from his last one on and to the next.
func TestSpread(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, since := range []time.Duration{time.Minute, time.Second, 33 * time.Millisecond, time.Millisecond, 50 * time.Microsecond, 0, -50 * time.Microsecond, -time.Second} {
		for _, n := range []uint32{1, 2, 15, 60} {
			last := now.Add(-since)
			next, step := spread(n, now, last)
			first := next.Add(-time.Duration(n*step) * time.Second / 90_000)
			if step == 0 || step > replayStep || !first.After(last) || next.Before(now) || since > time.Second/10 && next != now {
				t.Errorf("%d pictures, %v after the last: from %v after it to %v after now in steps of %d", n, since, first.Sub(last), next.Sub(now), step)
			}
		}
	}
	if next, step := spread(3, now, time.Time{}); next != now || step != replayStep {
		t.Errorf("who had nothing yet has steps of %d", step)
	}
}
