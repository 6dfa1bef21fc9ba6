package codectest

import (
	"math"

	"tilemix/codec/pcm"
)

// Voice returns n blocks of a synthetic voice: a gliding fundamental of about
// 300 Hz, a child's, with its harmonics in syllables of a quarter of a second.
// It is not lower because codecs for speech turn the phase below 200 Hz, where
// they filter rumble out. Its peaks stay under 0.5.
//
//go:norace
func Voice(n int) []float32 {
	s := make([]float32, n*pcm.Samples)
	phase := 0.0
	for i := range s {
		t := float64(i) / pcm.Rate
		phase += 2 * math.Pi * (300 + 60*math.Sin(2*math.Pi*0.7*t)) / pcm.Rate
		var v float64
		for k := 1.0; k <= 12; k++ {
			v += math.Sin(k*phase) / k
		}
		envelope := 0.6 + 0.4*math.Sin(2*math.Pi*4*t)
		s[i] = float32(0.25 * v * envelope)
	}
	return s
}

// maxDelay is the longest codec delay that SNR looks for, in samples.
const maxDelay = pcm.Samples

// SNR compares what came back with what was sent and returns the
// signal-to-noise ratio in dB, after the codec's delay (up to 20 ms) and gain
// have been taken out.
func SNR(sent, got []float32) float64 {
	n := min(len(sent), len(got)) - maxDelay
	best, delay := math.Inf(-1), 0
	for d := range maxDelay {
		// Some of the samples are enough to find the delay.
		if v := snr(sent[:n], got[d:], 17); v > best {
			best, delay = v, d
		}
	}
	return snr(sent[:n], got[delay:], 1)
}

// snr is that of b, as a multiple of a plus noise, from every step'th sample.
//
//go:norace
func snr(a, b []float32, step int) float64 {
	var aa, ab, bb float64
	for i := 0; i < len(a); i += step {
		x, y := float64(a[i]), float64(b[i])
		aa += x * x
		ab += x * y
		bb += y * y
	}
	if aa == 0 || ab <= 0 {
		return math.Inf(-1)
	}
	signal := ab * ab / aa
	return 10 * math.Log10(signal/max(bb-signal, 1e-12))
}

// Power returns the mean square of s, 1 for a full-scale square wave.
func Power(s []float32) float64 {
	var sum float64
	for _, v := range s {
		sum += float64(v) * float64(v)
	}
	return sum / float64(max(1, len(s)))
}
