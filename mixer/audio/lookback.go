package audio

import (
	"math"

	"tilemix/codec/pcm"
)

const (
	// grain is the resolution with which the beginning of a word is looked for, 2.5 ms.
	grain = pcm.Samples / 8
	// backTo (40 ms) is how far before the block that opens a gate a word may begin.
	backTo = 2 * pcm.Samples
	// masked is how far under the block that it precedes sound is not heard, as a ratio of
	// powers: -25 dB.
	masked = 0.003
	// seam (5 ms) is the length of a cross-fade from what plays late to what plays less late.
	seam = 2 * grain
	// seamAt is where in a block that is not quiet that fade is.
	seamAt = 2 * grain
)

// lookback keeps what came before a gate opens, and plays the part of it that belongs to the
// word. What follows is late by as much until it is caught up with.
type lookback struct {
	kept [backTo + pcm.Samples]float32
	n    int  // samples in kept, at most backTo
	did  move // with the last block
}

// move is what a lookback does with a block.
type move struct {
	kind    movement
	was     int // samples that were kept before
	from    int // where in them a word begins
	at, lag int // what is left out, see join
	forgot  bool
}

type movement uint8

const (
	stayed movement = iota // the block was played as it is, and nothing was kept
	kept
	begun
	joined
)

// keep keeps a block that is not played.
func (l *lookback) keep(b *pcm.Block) {
	l.did = move{kind: kept, was: l.n}
	if l.n == backTo {
		l.n = copy(l.kept[:], l.kept[pcm.Samples:backTo])
	}
	l.n += copy(l.kept[l.n:], b[:])
}

// forget drops what is kept.
func (l *lookback) forget() { l.n, l.did.forgot = 0, true }

// repeat does with a block of another channel what was done with the first one's.
func (l *lookback) repeat(b *pcm.Block, m move) {
	if l.n != m.was { // the channel was silent
		l.n = m.was
		clear(l.kept[:l.n])
	}
	switch m.kind {
	case kept:
		l.keep(b)
	case begun:
		l.open(b, m.from)
	case joined:
		l.join(b, m.at, m.lag)
	}
	if m.forgot {
		l.forget()
	}
}

// begin puts before b what was kept of its word: sound louder than floor, a power, and not
// masked by b.
func (l *lookback) begin(b *pcm.Block, floor float32) {
	weakest := max(floor, masked*power(b[:]))
	from := l.n
	for from > 0 && power(l.kept[from-grain:from]) > weakest {
		from -= grain
	}
	was := l.n
	l.open(b, from)
	l.did = move{kind: begun, was: was, from: from}
}

// open puts before b what was kept from a sample on.
func (l *lookback) open(b *pcm.Block, from int) {
	l.n = copy(l.kept[:], l.kept[from:l.n])
	if l.n > 0 {
		l.delay(b)
		for i := range grain {
			b[i] *= float32(i) / grain
		}
	}
}

// delay plays what is kept before b, whose end it keeps.
func (l *lookback) delay(b *pcm.Block) { l.join(b, 0, 0) }

// skip plays b without what is kept, which is not heard because b is quiet.
func (l *lookback) skip(b *pcm.Block) { l.join(b, min(l.n, pcm.Samples-seam), l.n) }

// hurry leaves out as much of the sound as is most like what follows it, 2.5 ms at least.
// There has to be as much.
func (l *lookback) hurry(b *pcm.Block) {
	copy(l.kept[l.n:], b[:])
	here := l.kept[seamAt:][:seam]
	lag, best := l.n, float32(math.Inf(-1))
	for d := l.n; d >= grain; d -= 2 {
		there := l.kept[seamAt+d:][:seam]
		dot, energy := float32(0), float32(1e-12)
		for i := 0; i < seam; i += 2 {
			dot += here[i] * there[i]
			energy += there[i] * there[i]
		}
		if c := dot / float32(math.Sqrt(float64(energy))); c > best {
			lag, best = d, c
		}
	}
	l.join(b, seamAt, lag)
}

// join plays what is kept and b, of which it leaves out lag samples at the sample at.
func (l *lookback) join(b *pcm.Block, at, lag int) {
	l.did = move{kind: joined, was: l.n, at: at, lag: lag}
	copy(l.kept[l.n:], b[:])
	copy(b[:], l.kept[:at])
	copy(b[at:], l.kept[at+lag:])
	if lag > 0 {
		for i := range seam {
			w := (float32(i) + 0.5) / seam
			b[at+i] = (1-w)*l.kept[at+i] + w*b[at+i]
		}
	}
	l.n -= lag
	copy(l.kept[:l.n], l.kept[pcm.Samples+lag:])
}

// power returns the mean power of a stretch of sound.
func power(b []float32) float32 {
	var s0, s1 float32
	for i := 0; i+1 < len(b); i += 2 {
		s0 += b[i] * b[i]
		s1 += b[i+1] * b[i+1]
	}
	return (s0 + s1) / float32(len(b))
}
