package intake

import (
	"math/rand/v2"
	"testing"
	"time"

	"tilemix/codec/ticks"
)

// TestGrid has a clock that trembles, drifts and stops: pictures are put in order, in
// whole ticks, and near their time.
func TestGrid(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var g Grid
	var last time.Duration
	for i, now := 0, time.Duration(0); i < 100_000; i++ {
		at := now + time.Duration(random.IntN(int(8*time.Millisecond)))
		got := g.Place(at)
		if off := got - at; off.Abs() > Tick*3/4+time.Millisecond {
			t.Fatalf("picture %d is %v off", i, off)
		}
		if step := got - last; i > 0 && step < Tick || ticks.Of(got-g.first, ticks.Video)%3000 != 0 {
			t.Fatalf("picture %d comes %v after the one before", i, step)
		}
		for _, far := range []time.Duration{-time.Hour, 1, Tick, Tick + 1, time.Second} {
			next := g.After(got + far)
			if next <= got || next < got+far || next >= max(got+1, got+far)+Tick+1 || ticks.Of(next-g.first, ticks.Video)%3000 != 0 {
				t.Fatalf("%v after picture %d comes %v", far, i, next-got)
			}
		}
		last = got
		now += Tick + 3*time.Microsecond
		if i%1000 == 999 {
			now += time.Duration(random.IntN(int(time.Second)))
		}
	}
}
