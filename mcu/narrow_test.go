package mcu_test

import (
	"encoding/json"
	"fmt"
	"image"
	"math/rand/v2"
	"testing"
	"time"

	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/network"
	"tilemix/mcu/rtc/rtctest/signal"
)

// TestNarrowLine has a viewer on a line of 300 kbit/s see a room of 720p. In five seconds
// the viewer has a rendition that fits, and fifteen after the line has recovered the full
// one. The other notices nothing.
func TestNarrowLine(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 40 s, and the machine for itself")
	}
	lag, crowd := poll.Lag(t), poll.Crowd(t)
	var missed []error
	cfg := small()
	cfg.Width, cfg.Height, cfg.FrameRate, cfg.VideoBitrate = 1280, 720, 30, 1_500_000
	s := serve(t, cfg)
	pub, calm := s.join("narrow", "Pub", publisher), s.join("narrow", "Calm", viewer)
	moving(pub)
	pub.Speak(signal.Tone(440, 0.2))
	calm.awaitHeight(720)
	narrow := network.Impairment{Rate: 300_000, Queue: 300 * time.Millisecond, Delay: 20 * time.Millisecond}
	o := viewer
	o.Buffered, o.Line = true, network.Line{Down: narrow}
	_, count := calm.watchStrays(image.Pt(1280, 720))
	start := time.Now()
	slow := s.join("narrow", "Slow", o)
	s.tellOnFailure("narrow", slow)
	slow.awaitTold(t, 180)
	t.Logf("on 180 lines after %v", time.Since(start))
	if took := time.Since(start); took > 6*time.Second {
		missed = append(missed, fmt.Errorf("on a rendition that fits after %v", took))
	}
	last, longest := time.Now(), time.Duration(0)
	slow.VideoSink.Await("ten seconds of it", func(p rtctest.Picture) error {
		if last.Sub(start) > 6*time.Second {
			longest = max(longest, p.At.Sub(last))
		}
		if last = p.At; p.At.Sub(start) < 16*time.Second {
			return fmt.Errorf("%d lines", p.Image.Rect.Dy())
		}
		return nil
	})
	t.Logf("longest freeze %v", longest)
	if longest > time.Second {
		missed = append(missed, fmt.Errorf("a freeze of %v", longest))
	}
	slow.Impair(network.Line{})
	start = time.Now()
	slow.awaitTold(t, 360)
	t.Logf("on 360 lines after %v", time.Since(start))
	slow.awaitHeight(720)
	saw := count()
	t.Logf("back after %v; the other saw %+v", time.Since(start), saw)
	// An IDR each for who comes, who loses packets of it, and who comes back.
	if saw.sizes > 0 || saw.keys > 3 {
		missed = append(missed, fmt.Errorf("the other saw %+v", saw))
	}
	if took := time.Since(start); took > 15*time.Second {
		missed = append(missed, fmt.Errorf("back after %v", took))
	}
	if late, others := lag(), crowd(); late > 20*ms || others > poll.Crowded {
		t.Skipf("not judged: the machine is too busy, timers are %v late (p95), others have %.2f cores; %v", late, others, missed)
	}
	for _, err := range missed {
		t.Error(err)
	}
}

// tellOnFailure logs what the server knows of a guest, second by second, if the test fails.
func (s *stage) tellOnFailure(room string, g *guest) {
	s.t.Cleanup(func() {
		if !s.t.Failed() {
			return
		}
		h, err := s.Room(room)
		if err != nil {
			s.t.Log(err)
			return
		}
		all, err := h.Stats(g.id)
		for _, a := range all {
			text, _ := json.Marshal(a.Seconds)
			s.t.Logf("%s", text)
		}
		if err != nil {
			s.t.Log(err)
		}
	})
}

// moving sends a picture that takes about the bits that it is given.
func moving(g *guest) (stop func()) {
	noise := rand.New(rand.NewPCG(1, 2))
	return g.Film(rtctest.Camera{Size: image.Pt(640, 360), FrameRate: 30, Draw: func(img *image.YCbCr, _ time.Duration) {
		for range 60 {
			x, y, v := 8*noise.IntN(img.Rect.Dx()/8), 8*noise.IntN(img.Rect.Dy()/8), byte(noise.IntN(256))
			for i := range 8 {
				for j := range 8 {
					img.Y[(y+i)*img.YStride+x+j] = v
				}
			}
		}
	}})
}
