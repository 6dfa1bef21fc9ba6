package mcu_test

import (
	"image"
	"sync/atomic"
	"testing"
	"time"

	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/network"
)

// TestUplinkRepair sends a picture over lines that lose packets: what is lost is sent again in
// time. One packet may be lost each time that it is sent. Then pictures are missing while it is
// waited for and until a key frame has come.
func TestUplinkRepair(t *testing.T) {
	if testing.Short() {
		t.Skip("takes real time from a machine that the race detector slows down")
	}
	for _, c := range []struct {
		name string
		line network.Line
		rate int     // pictures a second
		most float64 // share of the pictures that may be missing
	}{
		{"5 % and 60 ms", network.Both(network.Impairment{Loss: .05, Delay: 30 * time.Millisecond}), 30, .1},
		{"5 % and 300 ms", network.Both(network.Impairment{Loss: .05, Delay: 150 * time.Millisecond}), 30, .2},
		{"slow camera", network.Both(network.Impairment{Loss: .08, Delay: 30 * time.Millisecond}), 6, .1},
		{"bursts", network.Both(network.Impairment{Loss: .03, Burst: 5, Delay: 30 * time.Millisecond}), 30, .1},
		{"reordered, doubled", network.Line{Up: network.Impairment{
			Delay: 20 * time.Millisecond, Jitter: 50 * time.Millisecond, Reorder: true, Duplicate: .05,
		}}, 30, .05},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, small())
			var filmed atomic.Int64
			actor := s.join("bad", "Bad", rtctest.Options{Line: c.line})
			watcher := s.join("bad", "Watch", rtctest.Options{})
			actor.Film(rtctest.Camera{Size: image.Pt(640, 360), FrameRate: c.rate, Draw: func(img *image.YCbCr, at time.Duration) {
				filmed.Add(1)
				grain(img, at)
			}})
			watcher.VideoSink.Await("a picture", func(rtctest.Picture) error { return nil })
			s.await("pictures", func() bool { return s.metric("tilemix_uplink_video_total", "pictures") > float64(c.rate) })
			count := func(what string) float64 { return s.metric("tilemix_uplink_video_total", what) }
			before, lostBefore, keys := count("pictures"), count("lost"), count("key_requests")
			start, crowd := filmed.Load(), poll.Crowd(t)
			want := float64(8 * c.rate)
			s.await("8 s of pictures", func() bool { return float64(filmed.Load()-start) >= want })
			up, _ := actor.Traffic()
			shown, lost := count("pictures")-before, count("lost")-lostBefore
			keys = count("key_requests") - keys
			t.Logf("%v pictures of %v; the line lost %d packets, of which %v gaps were left; %v key frames asked for",
				shown, want, up.Lost, lost, keys)
			if others := crowd(); count("lagged") > 0 || s.metric("tilemix_missed_ticks_total", "picture") > 10 || others > poll.Crowded {
				t.Logf("not judged: the machine is too busy, others have %.2f cores", others)
			} else if shown < want*(1-c.most) || keys > 1 {
				t.Errorf("%v pictures of %v and %v key frames", shown, want, keys)
			}
		})
	}
}

// grain draws what takes many packets a picture.
func grain(img *image.YCbCr, at time.Duration) {
	n := uint32(at / time.Millisecond)
	for i := range img.Y {
		if i%7 == 0 {
			n = n*1664525 + 1013904223
		}
		img.Y[i] = uint8(n>>24)/4 + uint8(i/640)/4 + 64
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = 128, 128
	}
}
