package ingest_test

import (
	"testing"

	"tilemix/codec/pcm"
	"tilemix/mcu/ingest"
)

// TestWrongLevels plays a voice whose sender says what is not so: after a second what is
// measured counts, and the voice is heard from the beginning.
func TestWrongLevels(t *testing.T) {
	const loud = 13 // a tone of 0.3, in -dBov
	for name, c := range map[string]struct {
		says   func(block int) uint8
		silent int   // blocks of digital silence before the voice
		want   uint8 // of a block later than a second after the voice began
	}{
		"silence with a voice":          {func(int) uint8 { return pcm.Silence }, 0, loud},
		"silence, then also with voice": {func(int) uint8 { return pcm.Silence }, 100, loud},
		"nearly right":                  {func(int) uint8 { return loud + 9 }, 0, loud + 9},
		"wrong now and then": {func(block int) uint8 {
			if block%10 == 0 {
				return 100
			}
			return loud
		}, 0, loud},
	} {
		t.Run(name, func(t *testing.T) {
			in := speak(t, 250+c.silent, 0, func(i int) float32 {
				if i < c.silent*pcm.Samples {
					return 0
				}
				return tone(400)(i)
			})
			v := newVoice(t)
			var b pcm.Block
			heard := 0
			for i := range in {
				now := epoch.Add(in[i].at)
				v.Push(ingest.VoicePacket{Packet: &in[i].Packet, Level: c.says(i), HasLevel: true}, now)
				level, _ := v.Pull(&b, now.Add(5*ms))
				if pcm.Level(b[:]) < 30 {
					heard++
				}
				if i > c.silent+110 && i%10 == 5 && (level+1 < c.want || level > c.want+1) {
					t.Fatalf("level %d at block %d, want %d", level, i, c.want)
				}
			}
			if heard < 190 {
				t.Errorf("the voice is heard in %d of 250 blocks", heard)
			}
		})
	}
}
