package pcm_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"tilemix/codec/pcm"
)

const dB3 = 0.708 // -3 dBFS

func apply(l *pcm.Limiter, blocks []pcm.Block) []pcm.Block {
	for i := range blocks {
		l.Apply(&blocks[i])
	}
	return blocks
}

func TestLimiterLeavesQuietSoundAlone(t *testing.T) {
	want := join(tone(10, 440, 0.7)...)
	got := join(apply(new(pcm.Limiter), tone(10, 440, 0.7))...)
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("sample %d is %v, want %v", i, got[i], want[i])
		}
	}
}

// TestLimiterStaysInside holds for any sound: noise, clicks, numbers that are none.
func TestLimiterStaysInside(t *testing.T) {
	odd := rapid.SampledFrom([]float32{
		0, 1, -1, 2, -25, 1e30, -1e30, 1e-40, math.MaxFloat32,
		float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
	})
	rapid.Check(t, func(t *rapid.T) {
		var l pcm.Limiter
		for range 4 {
			var b pcm.Block
			volume := rapid.Float32Range(0, 30).Draw(t, "volume")
			seed := rapid.Uint32().Draw(t, "seed")
			for i := range b {
				seed = seed*1664525 + 1013904223
				b[i] = volume * (float32(seed>>8)/(1<<23) - 1)
			}
			for range rapid.IntRange(0, 3).Draw(t, "odd ones") {
				b[rapid.IntRange(0, pcm.Samples-1).Draw(t, "at")] = odd.Draw(t, "odd")
			}
			l.Apply(&b)
			for i, s := range b {
				if !(s >= -0.767 && s <= 0.767) {
					t.Fatalf("sample %d is %v", i, s)
				}
			}
		}
	})
}

// TestLimiterIsCleanInTheSteadyState looks for what is not the tone in a tone that
// is far too loud: a gain that follows the wave, or bends, is heard as overtones.
func TestLimiterIsCleanInTheSteadyState(t *testing.T) {
	for _, freq := range []float64{50, 100, 150, 440, 1000, 7050} {
		for _, amplitude := range []float64{1, 2, 8} {
			out := join(apply(new(pcm.Limiter), tone(60, freq, amplitude))...)[10*pcm.Samples:]
			var sin, cos float64
			for i, s := range out {
				phase := 2 * math.Pi * freq * float64(i) / pcm.Rate
				sin += float64(s) * math.Sin(phase) * 2 / float64(len(out))
				cos += float64(s) * math.Cos(phase) * 2 / float64(len(out))
			}
			level := math.Hypot(sin, cos)
			rest := math.Sqrt(max(rms(out)*rms(out)-level*level/2, 1e-20))
			if level < dB3*0.97 || level > dB3*1.01 {
				t.Errorf("%v Hz × %v comes out at %.3f, want %.3f", freq, amplitude, level, dB3)
			}
			if db := 20 * math.Log10(rest/level); db > -50 {
				t.Errorf("%v Hz × %v: distortion at %.1f dB", freq, amplitude, db)
			}
		}
	}
}

// TestLimiterGainIsSmooth hears the gain itself through a constant input under a
// burst: it is down before the peak where the block shows it, never jumps, and comes back
// within 300 ms.
func TestLimiterGainIsSmooth(t *testing.T) {
	const level, burst = 0.1, 5 * pcm.Samples / 2
	blocks := make([]pcm.Block, 40)
	for i := range len(blocks) * pcm.Samples {
		blocks[i/pcm.Samples][i%pcm.Samples] = level
	}
	blocks[burst/pcm.Samples][burst%pcm.Samples] = 2
	out := join(apply(new(pcm.Limiter), blocks)...)
	if peak := out[burst]; peak > dB3+1e-3 || peak < dB3-0.05 {
		t.Errorf("the peak comes out at %v, want %v", peak, dB3)
	}
	out[burst] = out[burst-1]
	for i := 1; i < len(out); i++ {
		// 3 dB a millisecond is 1 % of the gain a sample.
		if step := math.Abs(float64(out[i]-out[i-1])) / level; step > 0.01 {
			t.Fatalf("the gain jumps by %.3f at sample %d", step, i)
		}
	}
	if out[burst-10*pcm.Rate/1000] != level {
		t.Error("turned down 10 ms before the peak")
	}
	if back := out[burst+100*pcm.Rate/1000] / level; back < 0.6 || back > 0.85 {
		t.Errorf("gain %v 100 ms after the peak: back too soon or too late", back)
	}
	if out[burst+300*pcm.Rate/1000] != level {
		t.Error("not back to normal 300 ms after the peak")
	}
}

// TestLimiterOnset starts too loud with the first sample of a block, which nothing
// announces: the knee bends it, and within 1 ms the gain is right.
func TestLimiterOnset(t *testing.T) {
	var l pcm.Limiter
	apply(&l, make([]pcm.Block, 1))
	loud := tone(1, 1000, 4)[0]
	want := loud
	l.Apply(&loud)
	for i := range 48 {
		if ratio := loud[i] / want[i]; want[i] != 0 && !(ratio > dB3/4-0.005 && ratio <= 1) {
			t.Fatalf("gain %v at sample %d", ratio, i)
		}
	}
	for i := 48; i < 960; i++ {
		if ratio := float64(loud[i]) / float64(want[i]); math.Abs(float64(want[i])) > 0.1 && math.Abs(ratio-dB3/4) > 0.005 {
			t.Fatalf("gain %v at sample %d, want %v", ratio, i, dB3/4)
		}
	}
}

// TestLimiterForgetsNonsense: a sample that is no number costs itself alone.
func TestLimiterForgetsNonsense(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		want := tone(2, 440, 0.5)
		blocks := tone(2, 440, 0.5)
		blocks[0][500], want[0][500] = float32(bad), 0
		apply(new(pcm.Limiter), blocks)
		if blocks[0] != want[0] || blocks[1] != want[1] {
			t.Errorf("%v changed other samples", bad)
		}
	}
}

// TestLimiterStereo limits a loud channel and a soft one: what is between them stays, and the loud
// one is as it would be alone.
func TestLimiterStereo(t *testing.T) {
	var both, alone pcm.Limiter
	for n := range 50 {
		var left, right pcm.Block
		for i := range left {
			left[i] = float32(1.4 * math.Sin(2*math.Pi*400*float64(n*pcm.Samples+i)/pcm.Rate))
			right[i] = left[i] / 8
		}
		single := left
		both.ApplyStereo(&left, &right)
		alone.Apply(&single)
		if left != single {
			t.Fatalf("block %d differs from what one channel is", n)
		}
		for i, r := range right {
			if n > 0 && math.Abs(float64(r-left[i]/8)) > 1e-3 {
				t.Fatalf("sample %d of block %d is %v beside %v", i, n, r, left[i])
			}
		}
		swapped, soft := right, left // the other way round nothing is left to be limited
		var fresh pcm.Limiter
		if fresh.ApplyStereo(&swapped, &soft); n > 1 && swapped != right {
			t.Fatalf("block %d is limited again", n)
		}
	}
}
