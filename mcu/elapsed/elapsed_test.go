package elapsed_test

import (
	"testing"
	"time"

	"tilemix/mcu/elapsed"
	"tilemix/mcu/mcutest/clocks"
)

// TestBase has the machine's clock set back and forward: what has passed is the same.
func TestBase(t *testing.T) {
	var b elapsed.Base
	begin := time.Now()
	if at := b.At(begin); at != 1 {
		t.Errorf("it begins at %d", at)
	}
	for _, set := range []time.Duration{0, -time.Hour, time.Hour} {
		if at := b.At(clocks.Set(begin.Add(time.Second), set)); at != int64(time.Second)+1 {
			t.Errorf("with a clock set by %v a second is %d ns", set, at)
		}
	}
	if at := b.At(begin.Add(-time.Second)); at != 1 {
		t.Errorf("before its origin it is %d", at)
	}
	if n := testing.AllocsPerRun(100, func() { b.At(begin) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
