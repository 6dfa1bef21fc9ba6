package mcu_test

import (
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"tilemix/codec/pcm"
	"tilemix/mcu/control"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// TestCall has three participants in a room: each sees all colours in their places. Each
// hears the two others, and not their own sound.
func TestCall(t *testing.T) {
	s := serve(t, small())
	colours := []signal.Colour{red, green, blue}
	tones := []float64{440, 700, 1100}
	const loud = 0.15
	var guests []*guest
	for i, name := range []string{"Ada", "Ben", "Cid"} {
		g := s.join("call", name, both)
		film(g, colours[i])
		g.Speak(signal.Tone(tones[i], loud))
		guests = append(guests, g)
	}
	places := s.place(guests...)
	told := next(t, &guests[0].news, "a layout of three", func(m control.Layout) bool { return len(m.Tiles) == 3 })
	for i, tile := range told.Tiles {
		at := image.Rect(tile.X, tile.Y, tile.X+tile.Width, tile.Y+tile.Height)
		if tile.ID != guests[i].id || at != places[guests[i]] {
			t.Errorf("the layout has %s at %v, not %s at %v", tile.ID, at, guests[i].id, places[guests[i]])
		}
	}
	var all sync.WaitGroup
	for i, g := range guests {
		all.Go(func() {
			g.VideoSink.Await("all colours", func(p rtctest.Picture) error {
				var errs error
				for j, other := range guests {
					errs = errors.Join(errs, s.shows(p, places[other], colours[j]))
				}
				return errs
			})
		})
		all.Go(func() { g.AudioSink.Await("the others' tones", mixMinus(tones, i, loud)) })
	}
	all.Wait()
	checkStreams(t, guests...)
	s.checkGapless(guests...)
}

// mixMinus looks for a second in which all tones are heard at their level but one's own, which is
// 50 dB down. That level is 6 dB off at most, because the server brings voices to one loudness with
// time. Of each tone the median of tenths of a second counts: where a microphone's packets come
// late, its tone is stretched and leaps in phase.
func mixMinus(tones []float64, own int, level float64) func(rtctest.Sound) error {
	const tenth, judged = pcm.Rate / 10, pcm.Rate
	var last []float32
	errs := errors.New("not yet a second")
	return func(sound rtctest.Sound) error {
		if last = append(last, sound.Block...); len(last) < judged+tenth {
			return errs
		}
		last = append(last[:0], last[len(last)-judged:]...)
		errs = nil
		for i, tone := range tones {
			var parts []float64
			for part := range slices.Chunk(last, tenth) {
				parts = append(parts, signal.Amplitude(part, tone))
			}
			slices.Sort(parts)
			db := signal.DB(parts[len(parts)/2] / level)
			if i == own && db > -50 || i != own && math.Abs(db) > 6 {
				errs = errors.Join(errs, fmt.Errorf("%v Hz: %+.1f dB", tone, db))
			}
		}
		return errs
	}
}

// checkStreams says what is wrong with the packets that guests received.
func checkStreams(t *testing.T, guests ...*guest) {
	t.Helper()
	for _, g := range guests {
		faults, _ := g.VideoSink.Faults()
		for _, f := range faults {
			t.Errorf("picture: %s", f)
		}
		faults, _ = g.AudioSink.Faults()
		for _, f := range faults {
			t.Errorf("sound: %s", f)
		}
	}
}

// checkGapless says where timestamps left blocks of sound out, which only a
// clock does that was not let run.
func (s *stage) checkGapless(guests ...*guest) {
	s.t.Helper()
	missed := s.metric("tilemix_missed_ticks_total", "sound")
	for _, g := range guests {
		if _, leaps := g.AudioSink.Faults(); leaps > 0 && missed < 6 {
			s.t.Errorf("sound: timestamps leapt %d times, the clock missed %v ticks", leaps, missed)
		}
	}
}

// TestFlashAndBeep has somebody flash and beep at once and looks at how far apart
// they come back.
func TestFlashAndBeep(t *testing.T) {
	if testing.Short() {
		t.Skip("takes real time from a machine that the race detector slows down")
	}
	s := serve(t, small())
	actor, watcher := s.join("clap", "Clap", both), s.join("clap", "Watch", both)
	on := func(at time.Duration) bool { return at%time.Second < 200*time.Millisecond }
	actor.Film(rtctest.Camera{FrameRate: 30, Draw: func(img *image.YCbCr, at time.Duration) {
		if on(at) {
			white.Paint(img)
		} else {
			grey.Paint(img)
		}
	}})
	beep := signal.Tone(1000, 0.3)
	actor.Speak(func(i int) float32 {
		if on(time.Duration(i) * time.Second / pcm.Rate) {
			return beep(i)
		}
		return 0
	})
	tile := s.place(actor, watcher)[actor]
	flashes, beeps := make(chan time.Time, 100), make(chan time.Time, 100)
	var bright, loud bool
	defer watcher.VideoSink.Watch(func(p rtctest.Picture) {
		was := bright
		bright = signal.Mean(p.Image, face(tile)).Y > 170
		if bright && !was {
			flashes <- p.At
		}
	})()
	defer watcher.AudioSink.Watch(func(sound rtctest.Sound) {
		was := loud
		loud = signal.Amplitude(sound.Block, 1000) > 0.1
		if loud && !was {
			beeps <- sound.At
		}
	})()
	const most = 60 * time.Millisecond
	skew := settled(t, 5, most, flashes, beeps)
	t.Logf("the picture comes %v before the sound", skew)
	if skew.Abs() > most {
		t.Errorf("picture and sound are %v apart", skew)
	}
	checkStreams(t, watcher)
	s.checkGapless(watcher)
}

// settled returns how much later the beeps come than the flashes: the median of n
// in a row. It gives a jitter buffer that a busy machine has stretched some time to
// come back under most.
func settled(t *testing.T, n int, most time.Duration, flashes, beeps <-chan time.Time) time.Duration {
	t.Helper()
	patience := time.After(rtctest.Patience)
	var flash, beep time.Time
	var skews []time.Duration
	for {
		select {
		case flash = <-flashes:
		case beep = <-beeps:
		case <-patience:
			if len(skews) < n {
				t.Fatalf("saw and heard only %d of %d flashes with a beep", len(skews), n)
			}
			return median(skews[len(skews)-n:])
		}
		if d := beep.Sub(flash); d.Abs() < 400*time.Millisecond {
			skews = append(skews, d)
			flash, beep = time.Time{}, time.Time{}
			if len(skews) >= n && median(skews[len(skews)-n:]).Abs() <= most {
				return median(skews[len(skews)-n:])
			}
		}
	}
}

func median(d []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(d))[len(d)/2]
}
