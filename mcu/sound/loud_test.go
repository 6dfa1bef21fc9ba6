package sound

import (
	"math"
	"os"
	"slices"
	"testing"

	"tilemix/codec/pcm"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/scene"
	"tilemix/mixer/audio"
)

// truePeak is the largest magnitude between samples too, in dBTP: at four times the rate, as
// ITU-R BS.1770-4, annex 2, has it.
func truePeak(s []float32) float64 {
	const taps = 12
	most := 0.0
	for phase := range 4 {
		var h [2 * taps]float64
		for k := range h {
			x := float64(k-taps+1) - float64(phase)/4
			h[k] = math.Cos(math.Pi*x/(2*taps)) * math.Cos(math.Pi*x/(2*taps))
			if x != 0 {
				h[k] *= math.Sin(math.Pi*x) / (math.Pi * x)
			}
		}
		for i := taps; i < len(s)-taps; i++ {
			v := 0.0
			if a := math.Abs(float64(s[i])); a < most*0.85 {
				continue
			}
			for k := range h {
				v += h[k] * float64(s[i+k-taps+1])
			}
			most = max(most, math.Abs(v))
		}
	}
	return 20 * math.Log10(most)
}

// TestTenLoudTalkers have their sum at -1 dBTP at most for who listens, after Opus.
func TestTenLoudTalkers(t *testing.T) {
	poll.Alone(t)
	for _, keep := range []bool{false, true} {
		b := newBench()
		b.env.KeepLoudness = keep
		e := &ear{}
		s := &scene.Scene{Listeners: []scene.Listener{{ID: "ear", Stream: e}}}
		for i, p := range talkers(10, -3) {
			s.Listeners = append(s.Listeners, scene.Listener{ID: string(rune('a' + i)), Microphone: p})
		}
		b.publish(s)
		b.ticks(250)
		heard := decoded(t, e.got)
		peak := truePeak(heard)
		t.Logf("loudness kept %v: %.2f dBTP", keep, peak)
		if peak > -1 {
			t.Errorf("loudness kept %v: the mix has %.2f dBTP", keep, peak)
		}
	}
}

// TestTwentyNoises of open microphones are not heard, after Opus.
func TestTwentyNoises(t *testing.T) {
	poll.Alone(t)
	b := newBench()
	e := &ear{}
	s := &scene.Scene{Listeners: []scene.Listener{{ID: "ear", Stream: e}}}
	seed := uint64(1)
	for i := range 20 {
		noise := make([]float32, 50*pcm.Samples)
		for n := range noise {
			seed = seed*6364136223846793005 + 1442695040888963407
			noise[n] = float32(math.Sqrt(3)*math.Pow(10, -55./20)) * float32(int32(seed>>32)) / (1 << 31)
		}
		s.Listeners = append(s.Listeners, scene.Listener{ID: string(rune('a' + i)), Microphone: &player{noise, i * 1000}})
	}
	b.publish(s)
	b.ticks(150)
	power := 1e-13
	heard := decoded(t, e.got)
	for _, v := range heard {
		power += float64(v) * float64(v) / float64(len(heard))
	}
	db := 10 * math.Log10(power)
	t.Logf("%.1f dBFS", db)
	if db > -60 {
		t.Errorf("they are heard with %.1f dBFS", db)
	}
}

// TestEquallyLoud has three talkers, of -35, -25 and -13 LUFS, each alone: a listener hears them
// within 4 LU of each other after 5 s.
func TestEquallyLoud(t *testing.T) {
	poll.Alone(t)
	if _, err := os.Stat(recorded); err != nil {
		t.Skip("a voice that is computed is too little like speech to be levelled as speech")
	}
	loudness := func(s []float32) float64 {
		var m audio.Meter
		sum, n := 0.0, 0.0
		for i := 0; i+pcm.Samples <= len(s); i += pcm.Samples {
			m.Add((*pcm.Block)(s[i:]))
			if l := m.ShortTerm(); i > 150*pcm.Samples {
				sum, n = sum+math.Pow(10, l/10), n+1
			}
		}
		return 10 * math.Log10(sum/n)
	}
	var all []float64
	for i, p := range talkers(2, -6) {
		p.at = 0
		at := loudness(p.sound)
		for _, want := range []float64{-35, -25, -13} {
			q := &player{sound: make([]float32, len(p.sound))}
			for n, v := range p.sound {
				q.sound[n] = v * float32(math.Pow(10, (want-at)/20))
			}
			b, e := newBench(), &ear{}
			b.publish(&scene.Scene{Listeners: []scene.Listener{{ID: "ear", Stream: e}, {ID: "a", Microphone: q}}})
			b.ticks(750)
			heard := loudness(decoded(t, e.got[250:]))
			t.Logf("talker %d at %v LUFS is heard at %.1f", i, want, heard)
			all = append(all, heard)
		}
	}
	if apart := slices.Max(all) - slices.Min(all); apart > 4 {
		t.Errorf("they are %.1f LU apart", apart)
	}
}
