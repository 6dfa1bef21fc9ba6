package pcm

import "math"

const (
	// The fade from one period of the voice to a later one, or an earlier: where
	// accelerating begins it, how long it is, and how much may be left out or played again, 10
	// to 20 ms. All voices have a multiple of their period in there.
	seamAt   = 240
	seamLong = 480
	minLag   = 480
	maxLag   = Samples
	// alike is how like each other the two have to be for expanding: what is not, as the
	// beginning of a word, would be heard twice.
	alike = 0.5
)

// Stretcher plays two blocks in less than the time of two, by leaving out some
// periods of the voice, or one in more than the time of one, by playing some again
// (WSOLA).
type Stretcher struct {
	both [2 * Samples]float32
	long [2 * Samples]float32

	// What was done last.
	expanded bool
	lagged   int
	likeness float32
}

// Accelerate returns a and the block b that follows it, shortened by 10 to 20 ms. The
// samples are the Stretcher's and valid until its next call.
func (q *Stretcher) Accelerate(a, b *Block) []float32 {
	q.join(a, b)
	q.expanded = false
	q.lagged, q.likeness = q.lag(seamAt, 1)
	return q.shorten()
}

func (q *Stretcher) join(a, b *Block) {
	copy(q.both[:], a[:])
	copy(q.both[Samples:], b[:])
}

func (q *Stretcher) shorten() []float32 {
	x, lag := &q.both, q.lagged
	fade(x[seamAt:][:seamLong], x[seamAt:], x[seamAt+lag:], q.likeness)
	n := copy(x[seamAt+seamLong:], x[seamAt+seamLong+lag:])
	return x[:seamAt+seamLong+n]
}

// Expand returns the block b, which followed a, lengthened by 10 to 20 ms, or false
// where nothing in it can be played twice unheard. The samples are the Stretcher's and valid
// until its next call.
func (q *Stretcher) Expand(a, b *Block) (long []float32, ok bool) {
	q.join(a, b)
	q.expanded = true
	q.lagged, q.likeness = q.lag(Samples, -1)
	if q.likeness < alike {
		return nil, false
	}
	return q.lengthen(), true
}

func (q *Stretcher) lengthen() []float32 {
	x, y, lag := &q.both, &q.long, q.lagged
	fade(y[:seamLong], x[Samples:], x[Samples-lag:], q.likeness)
	n := copy(y[seamLong:], x[Samples+seamLong-lag:])
	return y[:seamLong+n]
}

// Repeat does to a and b, which are of another channel, what was done last to those of the first.
// The samples are the Stretcher's and valid until its next call.
func (q *Stretcher) Repeat(a, b *Block) []float32 {
	q.join(a, b)
	if q.expanded {
		return q.lengthen()
	}
	return q.shorten()
}

// fade goes from one sound to another, which may be dst, for the length of dst. What is
// alike adds in amplitude, what is not in power.
func fade(dst, from, to []float32, likeness float32) {
	for i := range dst {
		w := (float32(i) + 0.5) / float32(len(dst))
		v := 1 - w
		gain := 1 / float32(math.Sqrt(float64(v*v+w*w+2*v*w*likeness)))
		dst[i] = gain * (v*from[i] + w*to[i])
	}
}

// lag returns how many samples after a seam, or before it where way is -1, the sound
// is most like itself, and how much so, 0 to 1. Every other lag and sample are enough
// to tell.
func (q *Stretcher) lag(seam, way int) (lag int, likeness float32) {
	here := q.both[seam:][:seamLong]
	power := float32(1e-9)
	for i := 0; i < len(here); i += 2 {
		power += here[i] * here[i]
	}
	lag, likeness = maxLag, 0
	for l := maxLag; l >= minLag; l -= 2 {
		there := q.both[seam+way*l:][:len(here)]
		dot, other := float32(0), float32(1e-9)
		for i := 0; i < len(here); i += 2 {
			dot += here[i] * there[i]
			other += there[i] * there[i]
		}
		// Of like lags the longest is taken: it changes the delay most.
		if c := dot / float32(math.Sqrt(float64(power*other))); c > likeness+0.01 {
			lag, likeness = l, min(c, 1)
		}
	}
	return lag, likeness
}
