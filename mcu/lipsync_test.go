package mcu_test

import (
	"image"
	"slices"
	"testing"
	"time"

	"tilemix/codec/pcm"
	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/network"
	"tilemix/mcu/rtc/rtctest/signal"
)

// TestLipSync has somebody flash and beep at once, over lines and with senders that
// pull the two apart, and looks at how far apart they come back.
func TestLipSync(t *testing.T) {
	if testing.Short() {
		t.Skip("takes real time from a machine that the race detector slows down")
	}
	for _, c := range []struct {
		name    string
		up      network.Impairment
		picture time.Duration // sent so late
		sound   time.Duration
	}{
		{name: "perfect line"},
		{name: "jitter", up: network.Impairment{Delay: 20 * time.Millisecond, Jitter: 50 * time.Millisecond, Reorder: true}},
		{name: "late picture", picture: 160 * time.Millisecond},
		{name: "late sound", sound: 160 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // it is mostly waiting
			cfg := small()
			cfg.FrameRate = 30
			s := serve(t, cfg)
			actor := s.join("clap", "Clap", rtctest.Options{Line: network.Line{Up: c.up}})
			watcher := s.join("clap", "Watch", both)
			lag, crowd := poll.Lag(t), poll.Crowd(t)
			const claps = 28
			skews, late, others := clap(s, actor, watcher, c.picture, c.sound, claps), lag(), crowd()
			missed := s.metric("tilemix_missed_ticks_total", "picture")
			if busy := missed > 10 || late > 20*ms || others > poll.Crowded; busy {
				t.Skipf("not judged: the machine is too busy, %v ticks missed, timers %v late (p95), others have %.2f cores", missed, late, others)
			}
			if len(skews) < claps {
				t.Fatalf("saw and heard only %d of %d", len(skews), claps)
			}
			skews = skews[8:] // sound is stretched in pauses, some 20 ms in each
			slices.SortFunc(skews, func(a, b time.Duration) int { return int(a.Abs() - b.Abs()) })
			half, p95 := skews[len(skews)/2], skews[(len(skews)-1)*95/100]
			t.Logf("skew: half of them %v, p95 %v of %v", half, p95, skews)
			slack := late
			if missed > 0 || late > 2*ms { // then pictures wait for the next tick
				slack += time.Second / time.Duration(cfg.FrameRate)
			}
			// Where pictures come at the very instant of a tick, some of them wait for the next.
			if half.Abs() > 40*ms+slack || p95.Abs() > skewClean+slack {
				t.Errorf("picture and sound are %v apart, not %v, and p95 %v, not %v", half, 40*ms+slack, p95, skewClean+slack)
			}
			if s.metric("tilemix_lipsync_seconds") == 0 {
				t.Error("nothing was measured")
			}
			checkStreams(t, watcher)
		})
	}
}

// clap flashes and beeps twice a second, and returns how much later each of n flashes
// came than its beep, or fewer when time is up.
func clap(s *stage, actor, watcher *guest, picture, sound time.Duration, n int) []time.Duration {
	const period, long = 500 * time.Millisecond, 150 * time.Millisecond
	on := func(at time.Duration) bool { return (at+time.Millisecond)%period < long }
	actor.Film(rtctest.Camera{FrameRate: 30, Late: picture, Draw: func(img *image.YCbCr, at time.Duration) {
		if on(at) {
			white.Paint(img)
		} else {
			grey.Paint(img)
		}
	}})
	beep := signal.Tone(1000, 0.3)
	actor.SpeakLate(sound, func(i int) float32 {
		if on(time.Duration(i) * time.Second / pcm.Rate) {
			return beep(i)
		}
		return 0
	})
	// On a slow line the first to join need not be the first who is connected.
	var tile image.Rectangle
	layout := next(s.t, &watcher.news, "a layout of two", func(m control.Layout) bool { return len(m.Tiles) == 2 })
	for _, told := range layout.Tiles {
		if told.ID == actor.id {
			tile = image.Rect(told.X, told.Y, told.X+told.Width, told.Y+told.Height)
		}
	}
	flashes, beeps := make(chan time.Time, 1000), make(chan time.Time, 1000)
	var bright, loud bool
	defer watcher.VideoSink.Watch(func(p rtctest.Picture) {
		was := bright
		if bright = signal.Mean(p.Image, face(tile)).Y > 170; bright && !was {
			flashes <- p.Mixed
		}
	})()
	defer watcher.AudioSink.Watch(func(b rtctest.Sound) {
		was := loud
		at := slices.IndexFunc(b.Block, func(x float32) bool { return x > 0.1 })
		if loud = at >= 0; loud && !was {
			beeps <- b.Mixed.Add(time.Duration(at) * time.Second / pcm.Rate)
		}
	})()
	patience := time.After(rtctest.Patience)
	var flash, sounded time.Time
	var skews []time.Duration
	for len(skews) < n {
		select {
		case flash = <-flashes:
		case sounded = <-beeps:
		case <-patience:
			return skews
		}
		if d := flash.Sub(sounded); d.Abs() < period/2 {
			skews = append(skews, d)
			flash, sounded = time.Time{}, time.Time{}
		}
	}
	return skews
}
