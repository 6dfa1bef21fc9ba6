package audio_test

import (
	"math"
	"slices"
	"testing"

	"tilemix/codec/pcm"
	"tilemix/mixer/audio"
)

// integrated is the loudness of a sound in LUFS, gated as ITU-R BS.1770-4 has it.
func integrated(s []float32) float64 {
	all := measured(s, 19, (*audio.Meter).Momentary)
	mean := func(least float64) float64 {
		sum, n := 0.0, 0.0
		for _, l := range all {
			if l > least {
				sum, n = sum+math.Pow(10, l/10), n+1
			}
		}
		return 10 * math.Log10(sum/n)
	}
	return mean(mean(-70) - 10)
}

// through sends a sound through a strip.
func through(s []float32) []float32 {
	var strip audio.Strip
	out := make([]float32, 0, len(s))
	for len(s) >= pcm.Samples {
		b := pcm.Block(s)
		if !strip.Pass(&b, pcm.Level(b[:])) {
			b = pcm.Block{}
		}
		out = append(out, b[:]...)
		s = s[pcm.Samples:]
	}
	return out
}

// talk is a minute of words made up, at a loudness, over a hiss.
func talk(lufs, noise float64, n int) (s []float32) {
	for len(s) < 20*pcm.Rate {
		s = append(s, word(n)...)
		s = append(s, make([]float32, pcm.Rate/10+n%5*pcm.Rate/8)...)
		n++
	}
	s = gain(s, lufs-integrated(s))
	for i, v := range hiss(len(s), noise, 9) {
		s[i] += v
	}
	return s
}

// TestLevelling brings talkers together whose loudness is 22 LU apart.
func TestLevelling(t *testing.T) {
	wanted := []float64{-35, -25, -13}
	check := func(t *testing.T, talkers [][]float32) {
		var all []float64
		for i, s := range talkers {
			l := integrated(through(s)[5*pcm.Rate:])
			t.Logf("a talker at %v LUFS is %.1f LUFS after 5 s", wanted[i%3], l)
			all = append(all, l)
		}
		if apart := slices.Max(all) - slices.Min(all); apart > 4 {
			t.Errorf("they are %.1f LU apart", apart)
		}
	}
	t.Run("words", func(t *testing.T) {
		var talkers [][]float32
		for i, l := range wanted {
			talkers = append(talkers, talk(l, -80, 17*i))
		}
		check(t, talkers)
	})
	t.Run("recorded", func(t *testing.T) {
		var talkers [][]float32
		for _, name := range []string{"katie_16k.wav", "steve_16k.wav"} {
			s := recorded(t, name)
			for _, l := range wanted {
				talkers = append(talkers, gain(s, l-integrated(s)))
			}
		}
		check(t, talkers)
	})
}

// TestLevellingIsSlow has a voice that becomes much louder, and one that howls: no gain changes
// by more than 6 dB a second, and what is no voice changes none.
func TestLevellingIsSlow(t *testing.T) {
	var l audio.Leveller
	sound := sines(part{5, -6}, part{5, -40}, part{3, 0}, part{7, -32})
	last := 1.0
	for i := 0; i < len(sound); i += pcm.Samples {
		b := pcm.Block(sound[i:])
		l.Apply(&b, true, 80)
		gain := dB(b[:]) - dB(sound[i:i+pcm.Samples])
		if i > 0 && math.Abs(gain-last) > 6./50+0.01 {
			t.Fatalf("the gain goes from %.2f to %.2f dB in block %d", last, gain, i/pcm.Samples)
		}
		last = gain
	}
	if math.Abs(last-12) > 0.2 {
		t.Errorf("the gain is %.2f dB for a tone at -35 LUFS", last)
	}
	for range 500 {
		b := *tone(1000, 1)
		if l.Apply(&b, false, 80); math.Abs(dB(b[:])-dB(tone(1000, 1)[:])-last) > 0.01 {
			t.Fatal("what is no voice changes the gain")
		}
	}
}

func dB(s []float32) float64 { return dBFS(s, false) }

// TestLevellingLiftsNoNoise: a soft voice in a loud room stays soft.
func TestLevellingLiftsNoNoise(t *testing.T) {
	for noise, most := range map[float32]float64{80: 12, 55: 9, 47: 3, 40: 3} {
		var l audio.Leveller
		b := *tone(1000, 0.003)
		for range 500 {
			b = *tone(1000, 0.003)
			l.Apply(&b, true, noise)
		}
		if g := dB(b[:]) - dB(tone(1000, 0.003)[:]); math.Abs(g-most) > 0.1 {
			t.Errorf("over noise at -%v dBov the gain is %.1f dB, not %v", noise, g, most)
		}
	}
}

// TestStrip mutes, keeps the loudness where it is told to, and forgets.
func TestStrip(t *testing.T) {
	raw := audio.Strip{KeepLoudness: true}
	var s audio.Strip
	s.Mute(&pcm.Block{})
	for range 200 {
		b, c := *tone(1000, 0.01), *tone(1000, 0.01)
		if !s.Pass(&b, 43) || !raw.Pass(&c, 43) || c != *tone(1000, 0.01) {
			t.Fatal("it is not heard as it was sent")
		}
	}
	b := *tone(1000, 0.01)
	if s.Pass(&b, 43); dB(b[:]) < -40 {
		t.Errorf("it is not lifted: %.1f dBFS", dB(b[:]))
	}
	if !s.Mute(&b) || math.Abs(float64(b[pcm.Samples-1])) > 1e-5 {
		t.Error("it does not fade as it is muted")
	}
	if s.Mute(&b) || s.Pass(&b, pcm.Silence) {
		t.Error("it is heard after it was muted")
	}
	if s.Forget(); s != (audio.Strip{}) {
		t.Error("it remembers")
	}
	if n := testing.AllocsPerRun(20, func() { raw.Pass(&b, 20); raw.Mute(&b); raw.Pass(&b, 90) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkStrip(b *testing.B) {
	var s audio.Strip
	in := tone(1000, 0.1)
	for b.Loop() {
		v := *in
		s.Pass(&v, 20)
	}
}
