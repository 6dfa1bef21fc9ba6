package audio_test

import (
	"math"
	"testing"

	"tilemix/codec/pcm"
	"tilemix/mixer/audio"
)

// TestBadMicrophones has microphones that are broken, or used badly: what they add to the mix
// has a bound, no gain steps by more than 6 dB a second, and an open microphone with nothing to
// say is silent.
func TestBadMicrophones(t *testing.T) {
	speech := talk(-23, -80, 5)
	each := func(f func(i int, v float64) float64) (s []float32) {
		for i, v := range speech {
			s = append(s, float32(f(i, float64(v))))
		}
		return s
	}
	tone := func(hertz float64, i int) float64 { return math.Sin(2 * math.Pi * hertz * float64(i) / pcm.Rate) }
	held := 0.0
	for name, c := range map[string]struct {
		sound  []float32
		offset bool // which is no gain, but looks like one
		silent bool // nothing of it is mixed in the end
	}{
		"clipped":        {each(func(_ int, v float64) float64 { return min(max(50*v, -1), 1) }), false, false},
		"offset":         {each(func(_ int, v float64) float64 { return v + 0.2 }), true, false},
		"offset alone":   {each(func(i int, _ float64) float64 { return 0.3 + 1e-5*tone(300, i) }), true, true},
		"8 kHz band":     {each(func(i int, v float64) float64 { held += (v - held) * 0.4; return held }), false, false},
		"ultrasonic":     {each(func(i int, _ float64) float64 { return 0.5 * tone(19_500, i) }), false, false},
		"noise":          {hiss(len(speech), -55, 1), false, true},
		"soft hum":       {each(func(i int, _ float64) float64 { return 0.003 * tone(50, i) }), false, true},
		"howling":        {each(func(i int, v float64) float64 { return v + min(math.Pow(10, float64(i)/pcm.Rate/2-4), 1)*tone(2500, i) }), false, false},
		"switched often": {each(func(i int, v float64) float64 { return v * float64(i/pcm.Samples%2) }), false, false},
	} {
		var strip audio.Strip
		last, passed := math.NaN(), 0
		for n := 0; n+pcm.Samples <= len(c.sound); n += pcm.Samples {
			in := pcm.Block(c.sound[n:])
			b := in
			open := strip.Pass(&b, pcm.Level(b[:]))
			if open && n > len(c.sound)*3/4 {
				passed++
			}
			for i, v := range b {
				if !(math.Abs(float64(v)) <= 4) {
					t.Fatalf("%s: sample %d of block %d is %v", name, i, n/pcm.Samples, v)
				}
			}
			// The gain is seen where the block is not late.
			gain := 20 * math.Log10(float64(b[959]/in[959]))
			steady := open && math.Abs(gain-20*math.Log10(float64(b[958]/in[958]))) < 0.001
			if steady && !c.offset && math.Abs(gain-last) > 6./50+0.01 {
				t.Errorf("%s: the gain steps from %.2f to %.2f dB in block %d", name, last, gain, n/pcm.Samples)
			}
			if last = math.NaN(); steady {
				last = gain
			}
		}
		if c.silent && passed > 0 {
			t.Errorf("%s: %d blocks are mixed", name, passed)
		}
		if !c.silent && passed == 0 {
			t.Errorf("%s: nothing is mixed", name)
		}
	}
}

// TestOffset is gone after four seconds, and a voice without one is left alone.
func TestOffset(t *testing.T) {
	strip := audio.Strip{KeepLoudness: true}
	for n := range 200 {
		b := *tone(400, 0.1)
		for i := range b {
			b[i] += 0.2
		}
		strip.Pass(&b, 10)
		mean := 0.0
		for _, v := range b {
			mean += float64(v) / pcm.Samples
		}
		if n == 199 && math.Abs(mean) > 0.002 {
			t.Errorf("%.4f is left", mean)
		}
	}
	strip = audio.Strip{KeepLoudness: true}
	b := *tone(400, 0.1)
	if strip.Pass(&b, 20); b != *tone(400, 0.1) {
		t.Error("a voice without offset is changed")
	}
}
