package opus_test

import (
	"math"
	"testing"

	libopus "github.com/hraban/opus"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
)

// TestStereo decodes stereo of all kinds to mono: no channel is lost, and channels that are
// opposites are not silence.
func TestStereo(t *testing.T) {
	tone := func(i int, hz float64) float32 { return 0.3 * float32(math.Sin(2*math.Pi*hz*float64(i)/pcm.Rate)) }
	for name, c := range map[string]struct {
		left, right func(i int) float32
		want        float64 // level of the mono, in dBov
	}{
		"the same":   {func(i int) float32 { return tone(i, 440) }, func(i int) float32 { return tone(i, 440) }, -13.5},
		"opposites":  {func(i int) float32 { return tone(i, 440) }, func(i int) float32 { return -tone(i, 440) }, -13.5},
		"left alone": {func(i int) float32 { return tone(i, 440) }, func(int) float32 { return 0 }, -19.5},
		"two sounds": {func(i int) float32 { return tone(i, 440) }, func(i int) float32 { return tone(i, 700) }, -16.5},
	} {
		t.Run(name, func(t *testing.T) {
			enc, err := libopus.NewEncoder(pcm.Rate, 2, libopus.AppAudio)
			if err != nil {
				t.Fatal(err)
			}
			if err := enc.SetBitrate(128_000); err != nil {
				t.Fatal(err)
			}
			dec, err := opus.NewDecoder()
			if err != nil {
				t.Fatal(err)
			}
			defer dec.Close()
			in, packet, out := make([]float32, 2*pcm.Samples), make([]byte, 1500), make([]float32, 5760)
			var power float64
			const blocks = 100
			for block := range blocks {
				for i := range pcm.Samples {
					at := block*pcm.Samples + i
					in[2*i], in[2*i+1] = c.left(at), c.right(at)
				}
				n, err := enc.EncodeFloat32(in, packet)
				if err != nil {
					t.Fatal(err)
				}
				got := 0
				if block%25 == 24 { // lost
					got = pcm.Samples
					err = dec.Recover(out[:got], nil)
				} else {
					got, err = dec.Decode(out, packet[:n])
				}
				if err != nil || got != pcm.Samples {
					t.Fatalf("%d samples, %v", got, err)
				}
				if block >= blocks/2 {
					for _, s := range out[:got] {
						power += float64(s) * float64(s)
					}
				}
			}
			level := 10 * math.Log10(power/(blocks/2*pcm.Samples))
			if math.Abs(level-c.want) > 1.5 {
				t.Errorf("%.1f dBov, not %.1f", level, c.want)
			}
		})
	}
}
