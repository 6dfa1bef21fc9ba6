package audio_test

import (
	"testing"

	"tilemix/codec/pcm"
	"tilemix/mixer/audio"
)

// music tells whether a strip takes a sound for music at its end, and how often it changed
// its mind.
func music(s []float32) (is bool, changes int) {
	var strip audio.Strip
	for ; len(s) >= pcm.Samples; s = s[pcm.Samples:] {
		b := pcm.Block(s)
		strip.Pass(&b, pcm.Level(b[:]))
		if strip.Music() != is {
			is = !is
			changes++
		}
	}
	return is, changes
}

func TestMusic(t *testing.T) {
	if is, n := music(sines(part{5, -20})); !is || n != 1 {
		t.Error("a tone is no music")
	}
	if is, n := music(talk(-23, -75, 3)); is || n > 0 {
		t.Errorf("words are music, %d changes", n)
	}
	for _, name := range []string{"katie_16k.wav", "steve_16k.wav"} {
		if is, n := music(recorded(t, name)); is || n > 0 {
			t.Errorf("%s is music, %d changes", name, n)
		}
	}
}
