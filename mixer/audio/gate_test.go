package audio_test

import (
	"math"
	"testing"

	"tilemix/codec/pcm"
	"tilemix/mixer/audio"
)

// gated sends a sound through a gate.
func gated(g *audio.Gate, s []float32) []float32 {
	out := make([]float32, 0, len(s))
	for len(s) >= pcm.Samples {
		b := pcm.Block(s)
		if g.Pass(&b, pcm.Level(b[:])) {
			out = append(out, b[:]...)
		} else {
			out = append(out, make([]float32, pcm.Samples)...)
		}
		s = s[pcm.Samples:]
	}
	return out
}

// cutOnset is by how many dB a word's first 20 ms are weaker behind a gate, where the word may
// come up to a block late.
func cutOnset(phrase []float32, noise float64, seed uint64) float64 {
	before := 58*pcm.Samples + int(seed*97%pcm.Samples)
	in := hiss(before+len(phrase), noise, seed)
	for i, v := range phrase {
		in[before+i] += v
	}
	var g audio.Gate
	out := gated(&g, in)
	best := -200.
	for late := 0; late <= pcm.Samples; late += 60 {
		best = max(best, dBFS(out[before+late:before+late+pcm.Samples], false))
	}
	return dBFS(in[before:before+pcm.Samples], false) - best
}

// TestOnsets has words begin after a pause, recorded and made up, in a silent room and in one
// with noise: their first 20 ms come through.
func TestOnsets(t *testing.T) {
	t.Run("words", func(t *testing.T) {
		var words [][]float32
		for n := range 60 {
			words = append(words, word(n))
		}
		begin(t, words)
	})
	t.Run("recorded", func(t *testing.T) {
		begin(t, append(phrases(recorded(t, "katie_16k.wav")), phrases(recorded(t, "steve_16k.wav"))...))
	})
}

func begin(t *testing.T, words [][]float32) {
	for _, c := range []struct{ level, noise float64 }{{-26, -65}, {-36, -130}, {-36, -75}, {-46, -130}, {-46, -75}} {
		three, six := 0, 0
		for i, w := range words {
			switch db := cutOnset(gain(w, c.level-dBFS(w, true)), c.noise, uint64(i)); {
			case db > 6:
				six++
			case db > 3:
				three++
			}
		}
		t.Logf("at %v dBFS over noise at %v: of %d, %d are cut by more than 3 dB, %d by more than 6", c.level, c.noise, len(words), three, six)
		if three > 1 || six > 0 {
			t.Errorf("at %v dBFS over noise at %v words are cut", c.level, c.noise)
		}
	}
}

// TestGate opens it by levels alone.
func TestGate(t *testing.T) {
	var g audio.Gate
	levels := func(n int, level uint8) (open int) {
		for range n {
			if g.Pass(tone(400, 0.1), level) {
				open++
			}
		}
		return open
	}
	if levels(10, 80) != 0 || g.Open() {
		t.Error("noise opens it")
	}
	if levels(1, 60) != 1 || !g.Open() {
		t.Error("a voice does not open it at once")
	}
	if n := levels(100, pcm.Silence); n != 20 || g.Open() {
		t.Errorf("it stays open for %d blocks, want 20", n)
	}
	// A voice with pauses of 300 ms keeps it open.
	for range 10 {
		if n := levels(5, 30) + levels(15, 90); n != 20 {
			t.Errorf("open for %d of 20 blocks", n)
		}
	}
	g.Shut()
	if levels(1, pcm.Silence) != 0 || levels(1, 60) != 1 {
		t.Error("it does not open again after it was shut")
	}
}

// TestGateFollowsNoise: what stays as loud is noise after a while, unless it is loud.
func TestGateFollowsNoise(t *testing.T) {
	for _, c := range []struct {
		noise, voice uint8
		open         bool // in the end
	}{{55, 45, false}, {62, 52, false}, {71, 61, false}, {48, 40, false}, {40, 30, true}, {20, 15, true}} {
		var g audio.Gate
		for n := range 1000 {
			if open := g.Pass(tone(400, 0.01), c.noise); n > 900 && open != c.open {
				t.Fatalf("noise at -%d dBov: open %v", c.noise, open)
			}
		}
		if !g.Pass(tone(400, 0.01), c.voice) {
			t.Errorf("noise at -%d dBov: a voice at -%d is not heard", c.noise, c.voice)
		}
	}
}

// TestTwentyOpenMicrophones: the noise of twenty rooms is not in the mix, at no time.
func TestTwentyOpenMicrophones(t *testing.T) {
	var gates [20]audio.Gate
	var in [20][]float32
	for i := range in {
		in[i] = hiss(300*pcm.Samples, -55, uint64(i))
	}
	var mixer audio.Mixer
	var mixed []float32
	for n := range 300 {
		mixer.Reset()
		for i := range gates {
			b := pcm.Block(in[i][n*pcm.Samples:])
			if gates[i].Pass(&b, pcm.Level(b[:])) {
				mixer.Add(&b)
			}
		}
		var b pcm.Block
		mixer.Mix(&b)
		mixed = append(mixed, b[:]...)
	}
	if db := dBFS(mixed, false); db > -60 {
		t.Errorf("they add up to %.1f dBFS", db)
	}
}

// TestGateCatchesUp: what a voice is late by to keep its beginning is gone a second later,
// whether it pauses or not, without a click.
func TestGateCatchesUp(t *testing.T) {
	steady := make([]float32, 200*pcm.Samples)
	for i := range steady {
		t := float64(i) / pcm.Rate
		steady[i] = float32(0.1 * min(t*t*10, 1) * (math.Sin(2*math.Pi*150*t) + math.Sin(2*math.Pi*300*t)))
	}
	for name, s := range map[string][]float32{"steady": steady, "recorded": gain(recorded(t, "katie_16k.wav")[:400*pcm.Samples], -10)} {
		in := append(hiss(50*pcm.Samples, -74, 3), s...)
		var g audio.Gate
		late, out := 0, gated(&g, in)
		for i := pcm.Samples; i < len(in)-pcm.Samples; i += pcm.Samples {
			if out[i] != 0 && out[i+100] != in[i+100] {
				late++
			}
		}
		if late == 0 || late > 75 {
			t.Errorf("%s: %d blocks are late", name, late)
		}
		if name == "steady" {
			for i := 53 * pcm.Samples; i < len(out)-pcm.Samples; i++ {
				if step := math.Abs(float64(out[i] - out[i-1])); step > 0.1*2*math.Pi*(150+300)/pcm.Rate*1.2 {
					t.Errorf("a step of %.4f at sample %d", step, i)
				}
			}
		}
	}
}

func TestGateFadesWhatItClosesWith(t *testing.T) {
	var g audio.Gate
	g.Pass(tone(400, 1), 10)
	for i := range 20 {
		b := tone(400, 0.001)
		whole := *b
		g.Pass(b, 70)
		if last := i == 19; last != (*b != whole) {
			t.Errorf("block %d: changed %v", i, !last)
		} else if last && math.Abs(float64(b[pcm.Samples-1])) > 1e-6 {
			t.Error("it ends with a step")
		}
	}
}

// TestGateDoesNotAllocate after the first sound.
func TestGateDoesNotAllocate(t *testing.T) {
	var g audio.Gate
	s := word(3)
	gated(&g, s)
	b := tone(400, 0.001)
	if n := testing.AllocsPerRun(100, func() { g.Pass(b, 90); g.Pass(b, 20); g.Shut() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkGate(b *testing.B) {
	for name, level := range map[string]uint8{"silent": pcm.Silence, "noise": 90, "voice": 20} {
		b.Run(name, func(b *testing.B) {
			var g audio.Gate
			s := tone(400, 0.1)
			for b.Loop() {
				g.Pass(s, level)
			}
		})
	}
}
