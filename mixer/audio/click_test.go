package audio_test

import (
	"math"
	"testing"

	"tilemix/codec/pcm"
	"tilemix/mixer/audio"
)

// TestMuteWithoutClick mutes a tone at many places of its wave and lets it be heard again: it is silent
// within two blocks of 20 ms, and no two samples that follow each other differ by more than 3 % of full scale.
func TestMuteWithoutClick(t *testing.T) {
	const step = 0.03
	for _, hz := range []float64{220, 437, 700} {
		s := audio.Strip{KeepLoudness: true}
		at, last, most := 0, float32(0), 0.0
		said := func() (b pcm.Block) {
			for i := range b {
				b[i] = float32(0.25 * math.Sin(2*math.Pi*hz*float64(at)/pcm.Rate))
				at++
			}
			return b
		}
		hear := func(b *pcm.Block, open bool) {
			for _, v := range b {
				if !open {
					v = 0
				}
				most = max(most, math.Abs(float64(v-last)))
				last = v
			}
		}
		for range 30 {
			for range 7 {
				b := said()
				open := s.Pass(&b, 20)
				hear(&b, open)
			}
			for n := range 3 {
				b := said()
				open := s.Mute(&b)
				hear(&b, open)
				if n >= 1 && open {
					t.Fatalf("%v Hz is heard in block %d after it was muted", hz, n)
				}
			}
		}
		if most > step {
			t.Errorf("%v Hz: a step of %.3f of full scale", hz, most)
		}
		t.Logf("%v Hz: the largest step is %.3f of full scale", hz, most)
	}
}
