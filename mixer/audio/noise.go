package audio

import (
	"slices"

	"tilemix/codec/pcm"
)

// Levels here are -dBov: the larger, the quieter.
const (
	// noiseAtFirst (62) is what a microphone's noise is taken to be before anything is known of it.
	noiseAtFirst = 62
	// noiseMargin (8 dB) is how much louder than its microphone's noise sound is a voice.
	noiseMargin = 8
	// weakestVoice (68) is what no voice is quieter than, however quiet its microphone is.
	weakestVoice = 68
	// noiseSpans (8) of noiseSpan blocks (1 s) are how long it takes to learn that a noise is
	// louder than it was.
	noiseSpans, noiseSpan = 8, 50
)

// noise follows how loud a microphone is while nobody speaks into it: as loud as the quietest
// 20 ms of the last eight seconds, because speech has pauses. Noise is never taken to be louder
// than -50 dBov: it could be music, or a tone.
type noise struct {
	under  [noiseSpans]float32 // the quietest of each second, less noiseAtFirst; a ring
	now    float32             // the quietest of all
	at     int                 // second of the ring
	blocks int                 // in this second
}

func (n *noise) level() float32 { return noiseAtFirst + n.now }

// learn takes the level of a block of sound. What is silent to the bit says nothing: it is a
// pause that the sender made.
func (n *noise) learn(level uint8) {
	if level >= pcm.Silence {
		return
	}
	l := min(max(float32(level), noiseHigh), weakestVoice+noiseMargin) - noiseAtFirst
	if n.blocks == 0 {
		n.under[n.at] = l
		n.now = slices.Max(n.under[:])
	}
	n.under[n.at] = max(n.under[n.at], l)
	n.now = max(n.now, l)
	if n.blocks++; n.blocks == noiseSpan {
		n.at, n.blocks = (n.at+1)%noiseSpans, 0
	}
}

// threshold returns the weakest level of a voice.
func (n *noise) threshold() uint8 { return uint8(min(n.level()-noiseMargin, weakestVoice)) }
