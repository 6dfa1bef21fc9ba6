package pcm_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"tilemix/codec/pcm"
)

// tone returns n blocks of a sine of the given frequency in Hz.
func tone(n int, freq, amplitude float64) []pcm.Block {
	blocks := make([]pcm.Block, n)
	for i := range n * pcm.Samples {
		blocks[i/pcm.Samples][i%pcm.Samples] = float32(amplitude * math.Sin(2*math.Pi*freq*float64(i)/pcm.Rate))
	}
	return blocks
}

// join lays blocks end to end.
func join(blocks ...pcm.Block) []float32 {
	var all []float32
	for _, b := range blocks {
		all = append(all, b[:]...)
	}
	return all
}

// rms returns the root mean square.
func rms(b []float32) float64 {
	var sum float64
	for _, s := range b {
		sum += float64(s) * float64(s)
	}
	return math.Sqrt(sum / float64(len(b)))
}

// bend returns the largest second difference: a click is a bend far sharper than
// any that the sound itself has.
func bend(b []float32) (most float64) {
	for i := 2; i < len(b); i++ {
		most = max(most, math.Abs(float64(b[i])-2*float64(b[i-1])+float64(b[i-2])))
	}
	return most
}

func TestSubUndoesAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Sixteen-bit samples: their sums are exact in float32.
		sample := rapid.Map(rapid.Int16(), func(v int16) float32 { return float32(v) / 32768 })
		var a, b pcm.Block
		for _, p := range []*pcm.Block{&a, &b} {
			copy(p[:], rapid.SliceOfN(sample, pcm.Samples, pcm.Samples).Draw(t, "samples"))
		}
		sum := a
		sum.Add(&b)
		for i := range sum {
			if sum[i] != a[i]+b[i] {
				t.Fatalf("sample %d is %v, want %v", i, sum[i], a[i]+b[i])
			}
		}
		sum.Sub(&b)
		if sum != a {
			t.Fatal("a + b - b is not a")
		}
	})
}

func TestLevel(t *testing.T) {
	square := make([]float32, 960)
	for i := range square {
		square[i] = float32(1 - 2*(i/48%2))
	}
	level := func(amplitude float64) []float32 { return tone(1, 1000, amplitude)[0][:] }
	nan := []float32{float32(math.NaN())}
	for _, c := range []struct {
		name string
		b    []float32
		want uint8
	}{
		{"full-scale square", square, 0},
		{"full-scale sine", level(1), 3},
		{"sine at -20 dBFS", level(0.1), 23},
		{"sine at -60 dBFS", level(0.001), 63},
		{"part of a block", level(1)[:480], 3},
		{"over full scale", level(30), 0},
		{"below the scale", level(1e-9), 127},
		{"one 16-bit step", []float32{1. / 32768}, 90},
		{"odd count", square[:7], 0},
		{"zeros", make([]float32, 960), 127},
		{"nothing", nil, 127},
		{"not a number", nan, 127},
	} {
		if got := pcm.Level(c.b); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestFadeOut(t *testing.T) {
	var flat pcm.Block
	for i := range flat {
		flat[i] = 1
	}
	out := flat
	pcm.FadeOut(&out)
	for i := range out[1:] {
		if out[i+1] > out[i] {
			t.Fatalf("sample %d: not monotonic", i+1)
		}
	}
	if out[0] < 1-1e-3 || out[pcm.Samples-1] > 1e-3 {
		t.Errorf("fades from %v to %v", out[0], out[pcm.Samples-1])
	}
	if b := bend(join(flat, out, pcm.Block{})); b > 1e-4 {
		t.Errorf("bends by %v", b)
	}
}

func TestNothingAllocates(t *testing.T) {
	loud := tone(2, 300, 3)
	var sum pcm.Block
	var limiter pcm.Limiter
	if n := testing.AllocsPerRun(50, func() {
		sum.Add(&loud[0])
		sum.Sub(&loud[1])
		pcm.FadeOut(&sum)
		limiter.Apply(&sum)
		pcm.Level(sum[:])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
