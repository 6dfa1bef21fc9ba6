package picture

import (
	"errors"
	"image"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/codec"
	"tilemix/mcu/ladder"
	"tilemix/mcu/overlay"
	"tilemix/mcu/rendition"
	"tilemix/mcu/scene"
	"tilemix/mcu/views"
)

// three is a ladder of two pictures and none.
var three = []ladder.Rung{
	{Size: size, FrameRate: 30, Bitrate: 500_000, Every: 1},
	{Size: image.Pt(32, 16), FrameRate: 15, Bitrate: 100_000, Every: 2},
	{},
}

// counted are codecs that count the encoders which are open.
type counted struct {
	codecs
	open  atomic.Int32
	made  atomic.Int32
	fault atomic.Bool
}

func (c *counted) NewEncoder(codec.Kind, codec.VideoConfig) (codec.VideoEncoder, error) {
	if c.fault.Load() {
		return nil, errors.New("no encoder")
	}
	c.open.Add(1)
	c.made.Add(1)
	return &counting{of: c}, nil
}

type counting struct {
	encoder
	of *counted
}

func (c *counting) Close() error { c.of.open.Add(-1); return nil }

// newLadderBench is a bench with the ladder of three.
func newLadderBench(t *testing.T) (*bench, *counted) {
	c := &counted{}
	return newBenchOf(t, func(env *Env) { env.Rungs, env.Codecs = three, c }), c
}

// ready waits until all encoders of a view are there.
func (b *bench) ready(v *view) {
	for slices.ContainsFunc(v.all, func(r *rendition.Rendition) bool { return !r.Ready() }) {
		out := <-b.out
		out.Of.Take(out)
	}
}

// keys returns the renditions of a view.
func (v *view) keys() (all []rendition.Key) {
	for _, r := range v.all {
		all = append(all, r.Key())
	}
	return all
}

// TestRenditions asks for renditions in any order: each is made once, and the best is first.
func TestRenditions(t *testing.T) {
	var every []rendition.Key
	for rung := range three[:2] {
		every = append(every, rendition.Key{Codec: codec.H264, Rung: rung}, rendition.Key{Codec: codec.VP8, Rung: rung})
	}
	rapid.Check(t, func(rt *rapid.T) {
		asked := rapid.SliceOfN(rapid.SampledFrom(every), 1, 12).Draw(rt, "asked")
		out := make(chan rendition.Output, 64)
		v, err := newView(Env{Rungs: three, Codecs: codecs{}}, scene.View{Size: size}, out)
		if err != nil {
			rt.Fatal(err)
		}
		defer v.close()
		made := make(map[rendition.Key]*rendition.Rendition)
		for _, k := range asked {
			r := v.rendition(k)
			if r == nil || r.Key() != k || r.Rung() != three[k.Rung] || made[k] != nil && made[k] != r {
				rt.Fatalf("asked for %v", k)
			}
			made[k] = r
		}
		var want []rendition.Key
		for _, k := range every {
			if made[k] != nil {
				want = append(want, k)
			}
		}
		if !slices.Equal(v.keys(), want) {
			rt.Fatalf("renditions %v, not %v", v.keys(), want)
		}
		if (v.lead() != nil) != (made[lead()] != nil) || v.rendition(rendition.Key{Codec: codec.H264, Rung: 2}) != nil {
			rt.Fatal("a lead rendition that nobody asked for, or one of the rung without a picture")
		}
	})
}

// TestBest is the best rendition that somebody takes.
func TestBest(t *testing.T) {
	b, _ := newLadderBench(t)
	v := b.views[0]
	big, small := v.rendition(lead()), v.rendition(rendition.Key{Codec: codec.H264, Rung: 1})
	b.ready(v)
	for _, x := range []struct{ big, small, bigBest, smallBest, used bool }{
		{false, false, true, true, false},
		{true, false, true, false, true},
		{false, true, true, true, true},
		{true, true, true, false, true},
	} {
		v.recount()
		if x.big {
			big.AddTaker()
		}
		if x.small {
			small.AddTaker()
		}
		if v.best(big) != x.bigBest || v.best(small) != x.smallBest || v.used() != x.used {
			t.Errorf("%+v: %v, %v, used %v", x, v.best(big), v.best(small), v.used())
		}
	}
	other, _ := newLadderBench(t)
	if other.views[0].best(big) {
		t.Error("another view's rendition is the best")
	}
}

// TestSweep ends renditions some time after the last viewer, and at once in an empty room.
func TestSweep(t *testing.T) {
	b, open := newLadderBench(t)
	v := b.views[0]
	v.rendition(lead()).AddTaker()
	v.rendition(rendition.Key{Codec: codec.VP8, Rung: 1}).AddTaker()
	b.ready(v)
	v.sweep(b.now, linger)
	v.recount()
	v.sweep(b.now.Add(linger-time.Millisecond), linger)
	if len(v.all) != 2 {
		t.Errorf("%d renditions are left too early", len(v.all))
	}
	v.lead().AddTaker()
	v.sweep(b.now.Add(linger), linger)
	if !slices.Equal(v.keys(), []rendition.Key{lead()}) {
		t.Errorf("renditions %v are left", v.keys())
	}
	v.lead().Forsake()
	v.sweep(b.now.Add(linger), 0)
	if len(v.all) != 0 {
		t.Errorf("%d renditions are left in an empty room", len(v.all))
	}
	v.running.Wait()
	if n := open.open.Load(); n != 0 {
		t.Errorf("%d encoders are open", n)
	}
}

// TestOfferScales hands a picture to two renditions of one size: they share the picture, which
// is released when both are done.
func TestOfferScales(t *testing.T) {
	b, _ := newLadderBench(t)
	v := b.views[0]
	for _, kind := range []codec.Kind{codec.H264, codec.VP8} {
		v.rendition(rendition.Key{Codec: kind, Rung: 1}).AddTaker()
	}
	b.ready(v)
	v.compose(nil, nil, &overlay.State{}, 0, b.now)
	v.offer(b.now)
	for range 2 {
		out := <-b.out
		if p, ok := out.Of.Take(out); !ok || len(p.Payloads) == 0 {
			t.Errorf("nothing came of a picture: %v", out.Err)
		}
	}
	if v.pool.Live() != 0 || v.tick != 1 {
		t.Errorf("%d pictures are kept after tick %d", v.pool.Live(), v.tick)
	}
	v.offer(b.now) // the next tick is not this rung's
	if len(b.out) > 0 || !v.all[0].Idle() {
		t.Error("a rendition of every second tick has each")
	}
}

// TestPoolIsEmpty has no memory for a picture: that is counted as skipped, and the next tick
// goes on.
func TestPoolIsEmpty(t *testing.T) {
	b, _ := newLadderBench(t)
	v := b.views[0]
	r := v.rendition(rendition.Key{Codec: codec.VP8})
	r.AddTaker()
	b.ready(v)
	var taken []interface{ Release() }
	for f := v.pool.Get(size.X, size.Y); f != nil; f = v.pool.Get(size.X, size.Y) {
		taken = append(taken, f)
	}
	v.offer(b.now)
	if n := r.Stats().Skipped; n != 1 || !r.Idle() {
		t.Errorf("%d pictures were skipped", n)
	}
	for _, f := range taken {
		f.Release()
	}
	v.offer(b.now)
	out := <-b.out
	if _, ok := r.Take(out); !ok {
		t.Error("nothing came of the next picture")
	}
}

// TestOddCanvas refuses sizes that no canvas has.
func TestOddCanvas(t *testing.T) {
	for _, bad := range []image.Point{{}, {X: -2, Y: 2}, {X: 63, Y: 32}, {X: 64, Y: 31}} {
		if _, err := newView(Env{Rungs: three}, scene.View{Size: bad}, nil); err == nil {
			t.Errorf("a canvas of %v", bad)
		}
		if _, err := NewClock(Env{Size: bad, FrameRate: 30, Rungs: three}, scene.NewChain()); err == nil {
			t.Errorf("a clock of %v", bad)
		}
	}
}

// twoViews is a scene with two views of one camera, each over all of its canvas.
func twoViews(src scene.Source, other image.Point) *scene.Scene {
	s := shows(src, true)
	s.Views = append(s.Views, scene.View{
		Key: views.ViewKey{Layout: "speaker"}, Size: other, Places: []scene.Place{{Rect: image.Rectangle{Max: other}}},
	})
	return s
}

// TestTwoViews has viewers of two views: each has pictures of its own, and a view goes with
// its scene.
func TestTwoViews(t *testing.T) {
	b, open := newLadderBench(t)
	cam, one, two := b.film(), &eyes{kind: codec.H264}, &eyes{kind: codec.H264}
	s := twoViews(scene.Source{Camera: cam}, size)
	s.Viewers = []scene.Viewer{
		{ID: "x", View: 0, Stream: one, Path: one, Signals: &b.signals[0]},
		{ID: "y", View: 1, Stream: two, Path: two, Signals: &b.signals[1]},
	}
	b.chain.Publish(s)
	for len(one.got) == 0 || len(two.got) == 0 { // the second one's encoder has a goroutine
		cam.fresh = true
		b.ticks(1)
	}
	if len(one.got) == 0 || len(two.got) == 0 || one.got[0].Buffer == two.got[0].Buffer {
		t.Errorf("%d and %d access units", len(one.got), len(two.got))
	}
	if len(b.views) != 2 || open.made.Load() != 2 {
		t.Fatalf("%d views, %d encoders", len(b.views), open.made.Load())
	}
	kept, gone := b.views[0], b.views[1]
	b.chain.Publish(shows(scene.Source{Camera: cam}, true))
	b.advance()
	if len(b.views) != 1 || b.views[0] != kept {
		t.Errorf("%d views", len(b.views))
	}
	for len(b.ending) > 0 {
		b.take(<-b.out)
	}
	gone.running.Wait()
	if n := open.open.Load(); n != 1 {
		t.Errorf("%d encoders are open, though one view is left", n)
	}
}

// TestViewThatCannotBe has a scene with a view of an odd size: its viewers have the room's.
func TestViewThatCannotBe(t *testing.T) {
	b, _ := newLadderBench(t)
	cam, eye := b.film(), &eyes{kind: codec.H264}
	s := twoViews(scene.Source{Camera: cam}, image.Pt(63, 31))
	s.Viewers = []scene.Viewer{{ID: "x", View: 1, Stream: eye, Path: eye, Signals: &b.signals[0]}}
	b.chain.Publish(s)
	b.ticks(3)
	if len(b.views) != 2 || b.views[0] != b.views[1] || len(eye.got) == 0 {
		t.Errorf("%d views, %d access units", len(b.views), len(eye.got))
	}
}

// TestNoEncoder has no encoder to be had: that is counted, and another is tried when there is
// one.
func TestNoEncoder(t *testing.T) {
	b, open := newLadderBench(t)
	open.fault.Store(true)
	cam, eye := b.film(), &eyes{kind: codec.H264}
	b.watch(shows(scene.Source{Camera: cam}, true), eye)
	b.tick(b.now)
	b.take(<-b.out)
	if n := value(t, b.env.Metrics.errors); n != 1 || len(eye.got) != 0 {
		t.Errorf("%v errors are counted, %d access units sent", n, len(eye.got))
	}
	open.fault.Store(false)
	b.now = b.now.Add(2 * linger)
	b.ticks(3)
	if len(eye.got) == 0 || !eye.got[0].Key {
		t.Errorf("%d access units were sent by another encoder", len(eye.got))
	}
}
