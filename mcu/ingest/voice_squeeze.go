package ingest

import (
	"math"

	"tilemix/codec/pcm"
)

const (
	// The fade from one period of the voice to a later one: where it begins, how
	// long it is, and how much may be left out, 10 to 20 ms. All voices have a
	// multiple of their period in there.
	seamAt   = 240
	seamLong = 480
	minLag   = 480
	maxLag   = pcm.Samples
)

// squeezer plays two blocks in less than the time of two, by leaving out some
// periods of the voice (WSOLA).
type squeezer struct{ both [2 * pcm.Samples]float32 }

// squeeze returns a and the block b that follows it, shortened by 10 to 20 ms. The
// samples are the squeezer's and valid until its next call.
func (q *squeezer) squeeze(a, b *pcm.Block) []float32 {
	x := &q.both
	copy(x[:], a[:])
	copy(x[pcm.Samples:], b[:])
	lag, likeness := q.lag()
	for i := range seamLong {
		w := (float32(i) + 0.5) / seamLong
		v := 1 - w
		// What is alike adds in amplitude, what is not in power.
		gain := 1 / float32(math.Sqrt(float64(v*v+w*w+2*v*w*likeness)))
		x[seamAt+i] = gain * (v*x[seamAt+i] + w*x[seamAt+i+lag])
	}
	n := copy(x[seamAt+seamLong:], x[seamAt+seamLong+lag:])
	return x[:seamAt+seamLong+n]
}

// lag returns after how many samples the sound at the seam is most like itself, and
// how much so, 0 to 1. Every other lag and sample are enough to tell.
func (q *squeezer) lag() (lag int, likeness float32) {
	here := q.both[seamAt : seamAt+seamLong]
	power := float32(1e-9)
	for i := 0; i < len(here); i += 2 {
		power += here[i] * here[i]
	}
	lag, likeness = maxLag, 0
	for l := maxLag; l >= minLag; l -= 2 {
		there := q.both[seamAt+l:][:len(here)]
		dot, other := float32(0), float32(1e-9)
		for i := 0; i < len(here); i += 2 {
			dot += here[i] * there[i]
			other += there[i] * there[i]
		}
		// Of like lags the longest is taken: it brings the delay down most.
		if c := dot / float32(math.Sqrt(float64(power*other))); c > likeness+0.01 {
			lag, likeness = l, min(c, 1)
		}
	}
	return lag, likeness
}
