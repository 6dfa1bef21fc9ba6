package broadcast

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestCadence has a clock that trembles, drifts and stops: pictures are put in order, in
// whole ticks, and near their time.
func TestCadence(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var c cadence
	var last time.Duration
	for i, now := 0, time.Duration(0); i < 100_000; i++ {
		at := now + time.Duration(random.IntN(int(8*time.Millisecond)))
		got := c.place(at)
		if off := got - at; off.Abs() > tick*3/4+time.Millisecond {
			t.Fatalf("picture %d is %v off", i, off)
		}
		if step := got - last; i > 0 && (step <= 0 || step%tick != 0) {
			t.Fatalf("picture %d comes %v after the one before", i, step)
		}
		last = got
		now += tick + 3*time.Microsecond
		if i%1000 == 999 {
			now += time.Duration(random.IntN(int(time.Second)))
		}
	}
}
