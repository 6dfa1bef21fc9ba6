package audio_test

import (
	"math"
	"testing"

	"tilemix/codec/pcm"
	"tilemix/mixer/audio"
)

// part is a sine of 1 kHz that lasts so many seconds, with a peak in dBFS.
type part struct{ seconds, peak float64 }

func sines(parts ...part) (s []float32) {
	for _, p := range parts {
		a := math.Pow(10, p.peak/20)
		for range int(math.Round(p.seconds*pcm.Rate/pcm.Samples)) * pcm.Samples {
			s = append(s, float32(a*math.Sin(2*math.Pi*1000*float64(len(s))/pcm.Rate)))
		}
	}
	return s
}

// measured returns the loudness in each block from the time when the window is full.
func measured(s []float32, window int, loudness func(*audio.Meter) float64) (all []float64) {
	var m audio.Meter
	for i := 0; i+pcm.Samples <= len(s); i += pcm.Samples {
		b := pcm.Block(s[i:])
		if m.Add(&b); i/pcm.Samples >= window {
			all = append(all, loudness(&m))
		}
	}
	return all
}

// TestMeter has the signals of EBU Tech 3341, table 1, whose number is given. They are of two
// channels there, so that one of them is 3.01 dB less.
func TestMeter(t *testing.T) {
	repeat := func(n int, parts ...part) (all []part) {
		for range n {
			all = append(all, parts...)
		}
		return all
	}
	for name, c := range map[string]struct {
		sound     []float32
		window    int
		loudness  func(*audio.Meter) float64
		want      float64
		tolerance float64
	}{
		"1: momentary":    {sines(part{20, -23}), 20, (*audio.Meter).Momentary, -23, 0.1},
		"1: short-term":   {sines(part{20, -23}), 150, (*audio.Meter).ShortTerm, -23, 0.1},
		"2: short-term":   {sines(part{20, -33}), 150, (*audio.Meter).ShortTerm, -33, 0.1},
		"9: short-term":   {sines(repeat(5, part{1.34, -20}, part{1.66, -30})...), 150, (*audio.Meter).ShortTerm, -23, 0.1},
		"12: momentary":   {sines(repeat(25, part{0.18, -20}, part{0.22, -30})...), 20, (*audio.Meter).Momentary, -23, 0.1},
		"full scale":      {sines(part{4, 0}), 150, (*audio.Meter).ShortTerm, 0, 0.1},
		"less than 400ms": {sines(part{0.2, -23}), 5, (*audio.Meter).Momentary, -23, 0.1},
	} {
		for i, l := range measured(c.sound, c.window, c.loudness) {
			if math.Abs(l+3.01-c.want) > c.tolerance {
				t.Errorf("%s: block %d is %.2f LUFS, not %.2f", name, i, l+3.01, c.want)
				break
			}
		}
	}
	if l := new(audio.Meter).ShortTerm(); !math.IsInf(l, -1) {
		t.Errorf("nothing is %v LUFS", l)
	}
}

// TestMeterMaximum has the signals 10 and 13: the loudest moment of a tone that begins anywhere.
func TestMeterMaximum(t *testing.T) {
	for i := range 20 {
		for _, c := range []struct {
			offset, seconds float64
			window          func(*audio.Meter) float64
		}{{0.15, 3, (*audio.Meter).ShortTerm}, {0.02, 0.4, (*audio.Meter).Momentary}} {
			s := sines(part{float64(i) * c.offset, -200}, part{c.seconds, -23}, part{1, -200})
			most := math.Inf(-1)
			for _, l := range measured(s, 0, c.window) {
				most = max(most, l+3.01)
			}
			if math.Abs(most+23) > 0.1 {
				t.Errorf("a tone of %v s at %.2f s is %.2f LUFS, not -23", c.seconds, float64(i)*c.offset, most)
			}
		}
	}
}

// TestMeterWeighs what is low and what is high, as ITU-R BS.1770-4 draws it.
func TestMeterWeighs(t *testing.T) {
	for hertz, want := range map[float64]float64{50: -7.6, 100: -4.8, 500: -3.7, 1000: -3, 2000: -0.6, 10000: 0.3} {
		s := make([]float32, 4*pcm.Rate)
		for i := range s {
			s[i] = float32(math.Sin(2 * math.Pi * hertz * float64(i) / pcm.Rate))
		}
		all := measured(s, 150, (*audio.Meter).ShortTerm)
		if math.Abs(all[0]-want) > 0.1 {
			t.Errorf("%v Hz is %.2f LUFS, not %.2f", hertz, all[0], want)
		}
	}
}

func TestMeterForgetsNonsense(t *testing.T) {
	var m audio.Meter
	m.Add(&pcm.Block{3: float32(math.NaN()), 5: float32(math.Inf(1))})
	for range 150 {
		m.Add(tone(1000, 1))
	}
	if l := m.ShortTerm(); math.Abs(l+3) > 0.1 {
		t.Errorf("it measures %v LUFS after a number that is none", l)
	}
}

func BenchmarkMeter(b *testing.B) {
	var m audio.Meter
	s := tone(1000, 0.1)
	for b.Loop() {
		m.Add(s)
	}
}
