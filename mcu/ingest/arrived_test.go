package ingest_test

import (
	"testing"
	"time"

	"tilemix/codec/payload"
	"tilemix/codec/yuv"
	"tilemix/mcu/ingest"
)

// TestTapFollowsArrival has cameras whose timestamps stop, or count at another rate than they say. What a
// tap is told stays with the arrival of the pictures, with which the mix shows them, and has none of
// the jitter.
func TestTapFollowsArrival(t *testing.T) {
	for name, c := range map[string]struct {
		sends
		most   time.Duration // off the arrival
		within int           // pictures, of those that are further off
	}{
		"steady":                     {sends{}, 10 * time.Millisecond, 0},
		"repairs":                    {sends{late: 31}, 105 * time.Millisecond, 0},
		"timestamps stop for 1.5 s":  {sends{stall: 1500 * time.Millisecond}, 90 * time.Millisecond, 10},
		"timestamps stop for 0.2 s":  {sends{stall: 200 * time.Millisecond}, 90 * time.Millisecond, 10},
		"a clock that is 2 % slow":   {sends{ticks: 2940}, 100 * time.Millisecond, 0},
		"a clock that is 0.5 % fast": {sends{ticks: 3015}, 10 * time.Millisecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			epoch := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			var now, last time.Time
			off, early := 0, 0
			v := ingest.NewVideo(ingest.VideoConfig{
				Decoder: &tape{}, Joiner: &payload.H264Joiner{}, Pool: yuv.NewPool(3), RequestKeyFrame: func() {},
				Reassembled: unobserved{}, Decoded: unobserved{},
				Tap: func(_ uint64, _ []byte, due, _ time.Time, _ uint32) bool {
					if d := now.Sub(due); d.Abs() > c.most {
						off++
					}
					if due.Before(last) {
						early++
					}
					last = due
					return false
				},
			})
			for _, p := range c.film(600) {
				now = epoch.Add(p.at)
				v.Push(&p.Packet, now)
			}
			if off > c.within {
				t.Errorf("%d pictures of 600 are more than %v off their arrival", off, c.most)
			}
			if early > 1 {
				t.Errorf("%d pictures are before the one before them", early)
			}
		})
	}
}
