package audio_test

import (
	"math"
	"testing"

	"tilemix/codec/pcm"
	"tilemix/mixer/audio"
)

// crowd has voices of tones, each with a level, and returns which are mixed.
type crowd struct {
	strips []audio.Strip
	blocks []pcm.Block
}

func (c *crowd) tick(n int, levels ...uint8) (mixed []bool) {
	var open []*audio.Strip
	mixed = make([]bool, len(levels))
	for i, l := range levels {
		c.blocks[i] = *tone(float64(400+50*i), math.Pow(10, -float64(l)/20)*math.Sqrt2)
		if mixed[i] = c.strips[i].Pass(&c.blocks[i], l); mixed[i] {
			open = append(open, &c.strips[i])
		}
	}
	audio.Elect(open, n)
	for i := range levels {
		mixed[i] = mixed[i] && c.strips[i].Admit(&c.blocks[i])
	}
	return mixed
}

// TestElect leaves the weakest out, with a fade, and keeps who is mixed unless it is clearly
// weaker.
func TestElect(t *testing.T) {
	c := crowd{make([]audio.Strip, 4), make([]pcm.Block, 4)}
	want := func(what string, got []bool, mixed ...bool) {
		t.Helper()
		for i := range mixed {
			if got[i] != mixed[i] {
				t.Errorf("%s: %v are mixed, not %v", what, got, mixed)
				return
			}
		}
	}
	want("few", c.tick(3, 20, 30, 25, 127), true, true, true, false)
	want("a weak one comes", c.tick(3, 20, 30, 25, 35), true, true, true, false)
	for range 60 {
		c.tick(3, 20, 30, 25, 27)
	}
	want("it is a little louder", c.tick(3, 20, 30, 25, 27), true, true, true, false)
	faded := -1
	for n := range 60 {
		if mixed := c.tick(3, 20, 30, 25, 18); mixed[1] && mixed[3] {
			faded = n
			if out, in := c.blocks[1], c.blocks[3]; math.Abs(float64(out[959])) > 1e-5 || math.Abs(float64(in[0])) > 1e-5 {
				t.Error("they change without a fade")
			}
		}
	}
	if faded < 0 {
		t.Error("they do not change")
	}
	want("it is much louder", c.tick(3, 20, 30, 25, 18), true, false, true, true)
	want("all have room", c.tick(4, 20, 30, 25, 18), true, true, true, true)
	if n := testing.AllocsPerRun(10, func() { audio.Elect([]*audio.Strip{&c.strips[0], &c.strips[1]}, 1) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
