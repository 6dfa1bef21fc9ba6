package opus_test

import (
	"math"
	"testing"
	"time"

	pure "github.com/pion/opus"

	"tilemix/codec/codectest"
	"tilemix/codec/pcm"
)

// BenchmarkPure decodes a voice by pion/opus, which is written in Go alone, and by libopus, in turn. It says what
// pion/opus needs of the processor for each nanosecond of libopus, how near its sound is to that of libopus, and
// how near both are to the voice where each tenth packet is lost (segmental SNR of the lost blocks, dB). pion/opus has
// no call for a lost packet and reads no FEC data, so its block is silence.
func BenchmarkPure(b *testing.B) {
	const blocks = 200
	sound := codectest.Voice(blocks)
	e := newEncoder(b, 32_000)
	packets := make([][]byte, blocks)
	for i := range packets {
		packets[i] = encode(b, e, sound[i*pcm.Samples:])
	}
	ours, lossy := newDecoder(b), newDecoder(b)
	theirs, err := pure.NewDecoderWithOutput(pcm.Rate, 1)
	if err != nil {
		b.Fatal(err)
	}
	var used [2]time.Duration
	var same, concealed, silent ratio
	got, want, lost := make([]float32, 5760), make([]float32, 5760), make([]float32, 5760)
	for n := 0; b.Loop(); n++ {
		packet := packets[n%blocks]
		began := time.Now()
		_, err := ours.Decode(want, packet)
		used[0] += time.Since(began)
		began = time.Now()
		_, err2 := theirs.DecodeToFloat32(packet, got)
		used[1] += time.Since(began)
		if err != nil || err2 != nil {
			b.Fatal(err, err2)
		}
		same.add(want, got)
		if n%10 != 9 {
			_, err = lossy.Decode(lost, packet)
		} else if err = lossy.Recover(lost[:pcm.Samples], nil); err == nil {
			concealed.add(want, lost)
			silent.add(want, make([]float32, pcm.Samples))
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(used[1])/float64(used[0]), "pion/libopus")
	b.ReportMetric(same.mean(), "dB-same")
	b.ReportMetric(concealed.mean(), "dB-lost-libopus")
	b.ReportMetric(silent.mean(), "dB-lost-pion")
}

// ratio is a segmental SNR: the mean of those of blocks that are not silent, each within -10 and 100 dB.
type ratio struct{ sum, n float64 }

func (r *ratio) add(want, got []float32) {
	var signal, noise float64
	for i, x := range want[:pcm.Samples] {
		d := float64(x - got[i])
		signal += float64(x) * float64(x)
		noise += d * d
	}
	if signal < 1e-4*pcm.Samples {
		return
	}
	r.sum += max(-10, min(10*math.Log10(signal/max(noise, 1e-12)), 100))
	r.n++
}

func (r *ratio) mean() float64 { return r.sum / max(r.n, 1) }
