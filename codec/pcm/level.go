package pcm

import "math"

// Silence is the Level of silence.
const Silence = 127

// Level returns the level of b as RFC 6464 §3 counts it: the root mean square in
// -dBov, from 0 (a full-scale square wave; a sine is 3) down to 127 (silence).
func Level(b []float32) uint8 {
	var s0, s1, s2, s3 float32
	n := len(b)
	for ; len(b) >= 4; b = b[4:] {
		s0 += b[0] * b[0]
		s1 += b[1] * b[1]
		s2 += b[2] * b[2]
		s3 += b[3] * b[3]
	}
	for _, s := range b {
		s0 += s * s
	}
	mean := float64(s0+s1+s2+s3) / float64(n)
	if !(mean > 0) { // also for NaN and no samples
		return Silence
	}
	return uint8(min(max(math.Round(-10*math.Log10(mean)), 0), Silence))
}
