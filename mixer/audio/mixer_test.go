package audio_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"tilemix/codec/pcm"
	"tilemix/mixer/audio"
)

func tone(f, amplitude float64) *pcm.Block {
	var b pcm.Block
	for i := range b {
		b[i] = float32(amplitude * math.Sin(2*math.Pi*f*float64(i)/pcm.Rate))
	}
	return &b
}

// hum is the amplitude of frequency f, a multiple of 50 Hz, in b.
func hum(b *pcm.Block, f float64) float64 {
	var re, im float64
	for i, s := range b {
		sin, cos := math.Sincos(2 * math.Pi * f * float64(i) / pcm.Rate)
		re += float64(s) * cos
		im += float64(s) * sin
	}
	return 2 * math.Hypot(re, im) / pcm.Samples
}

func TestEveryoneHearsTheOthers(t *testing.T) {
	pitches := []float64{300, 500, 800, 1250}
	var m audio.Mixer
	var voices []*pcm.Block
	m.Reset()
	for _, f := range pitches {
		b := tone(f, 0.8)
		voices = append(voices, b)
		m.Add(b)
	}
	var heard pcm.Block
	for i, own := range voices {
		m.Minus(&heard, own)
		for j, f := range pitches {
			got := 20 * math.Log10(hum(&heard, f)/0.8+1e-12)
			if i == j && got > -100 {
				t.Errorf("voice %d hears itself at %.0f dB", i, got)
			}
			if i != j && math.Abs(got) > 0.01 {
				t.Errorf("voice %d hears %d at %.2f dB", i, j, got)
			}
		}
	}
	m.Mix(&heard)
	for _, f := range pitches {
		if a := hum(&heard, f); math.Abs(a-0.8) > 0.001 {
			t.Errorf("the mix has %v Hz at %.3f", f, a)
		}
	}
}

func TestMixMinusIsTheSumOfTheOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "voices")
		seed := rapid.Uint64().Draw(t, "seed")
		voices := make([]pcm.Block, n)
		for i := range voices {
			for j := range voices[i] {
				seed = seed*6364136223846793005 + 1442695040888963407
				voices[i][j] = float32(int32(seed>>32)) / (1 << 31)
			}
		}
		var m audio.Mixer
		var heard pcm.Block
		for range 2 { // the second tick knows nothing of the first
			m.Reset()
			for i := range voices {
				m.Add(&voices[i])
			}
		}
		for i := range voices {
			m.Minus(&heard, &voices[i])
			for s := range heard {
				want := 0.0
				for j := range voices {
					if i != j {
						want += float64(voices[j][s])
					}
				}
				if math.Abs(float64(heard[s])-want) > 1e-5 {
					t.Fatalf("voice %d of %d hears %v, want %v", i, n, heard[s], want)
				}
			}
		}
		if m.Mix(&heard); n == 0 && heard != (pcm.Block{}) {
			t.Fatal("there is sound without voices")
		}
	})
}

func TestAloneHearsNothing(t *testing.T) {
	var m audio.Mixer
	b := tone(440, 1)
	m.Reset()
	m.Add(b)
	m.Minus(b, b)
	if *b != (pcm.Block{}) {
		t.Error("a speaker hears their own voice")
	}
}

func TestMixingDoesNotAllocate(t *testing.T) {
	var m audio.Mixer
	var heard pcm.Block
	b := tone(440, 1)
	if n := testing.AllocsPerRun(100, func() {
		m.Reset()
		for range 10 {
			m.Add(b)
		}
		m.Minus(&heard, b)
		m.Mix(&heard)
	}); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

func BenchmarkMix25(b *testing.B) {
	var m audio.Mixer
	var heard pcm.Block
	voice := tone(440, 0.1)
	b.ReportAllocs()
	for b.Loop() {
		m.Reset()
		for range 25 {
			m.Add(voice)
		}
		for range 3 {
			m.Minus(&heard, voice)
		}
		m.Mix(&heard)
	}
}
