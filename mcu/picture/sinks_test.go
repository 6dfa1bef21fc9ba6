package picture

import (
	"image"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/codec"
	"tilemix/mcu/ladder"
	"tilemix/mcu/media"
	"tilemix/mcu/rendition"
	"tilemix/mcu/scene"
)

// TestRungsOfSink has a sink take two sizes, while a viewer of one of them asks for IDRs. Each size comes, in pictures of
// its own; their IDRs come together, as often as the sink needs, and the viewer's are IDRs of both. No other size is
// made.
func TestRungsOfSink(t *testing.T) {
	full := ladder.Rung{Size: image.Pt(640, 360), FrameRate: 30, Bitrate: 500_000}
	b := newBenchOf(t, func(e *Env) {
		e.Size, e.Rungs = full.Size, ladder.Of(full)
		e.Metrics = NewMetrics(rendition.NewMetrics(e.Rungs), prometheus.NewCounter(prometheus.CounterOpts{Name: "errors"}))
	})
	cam := b.film()
	var keys [3][]time.Duration
	var pictures [3]int
	take := func(n int, _ []byte, key bool, at time.Duration) {
		if pictures[n]++; key {
			keys[n] = append(keys[n], at)
		}
	}
	s := shows(scene.Source{Camera: cam}, true)
	s.Views[0].Size, s.Views[0].Places[0].Rect = full.Size, image.Rectangle{Max: full.Size}
	// The last of the three is beyond the ladder, so it is the smallest picture again.
	s.Sinks = []*media.Attachment{{Sink: &tape{}, SinkOptions: media.SinkOptions{KeyInterval: 2 * time.Second, Rungs: []int{0, 2, 9}, Rung: take}}}
	b.watch(s, &eyes{kind: codec.H264})
	for n := range 300 {
		cam.fresh = true
		if n == 100 || n == 101 || n == 220 {
			b.views[0].lead().RequestKeyFrame()
		}
		b.tick(b.now)
		for busy := true; busy; {
			busy = false
			for _, r := range b.views[0].all {
				busy = busy || r.Busy()
			}
			if busy {
				b.take(<-b.out)
			}
		}
		b.now = b.now.Add(time.Second / 30)
	}
	if len(keys[0]) < 6 || len(keys[0]) > 8 || pictures[0] < 290 || pictures[1] < 140 || pictures[1] > 155 || pictures[1] != pictures[2] {
		t.Errorf("IDRs at %v, %v pictures", keys[0], pictures)
	}
	if len(keys[0]) != len(keys[1]) {
		t.Fatalf("IDRs at %v and %v", keys[0], keys[1])
	}
	for i, at := range keys[0] {
		if off := keys[1][i] - at; off.Abs() > 2*time.Second/30 {
			t.Errorf("IDR %d of one size comes %v after that of the other", i, off)
		}
		if i > 0 && at-keys[0][i-1] > 2*time.Second+2*time.Second/30 {
			t.Errorf("%v pass without an IDR", at-keys[0][i-1])
		}
	}
	if n := len(b.views[0].all); n != 2 {
		t.Errorf("%d sizes are made", n)
	}
}
