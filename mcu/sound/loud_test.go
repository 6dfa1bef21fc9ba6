package sound

import (
	"math"
	"testing"

	"tilemix/mcu/scene"
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
