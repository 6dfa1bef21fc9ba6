package audio

import "tilemix/codec/pcm"

// Levels here are -dBov: the larger, the quieter.
const (
	// noiseAtFirst (62) is what a microphone's noise is taken to be before anything is known of it.
	noiseAtFirst = 62
	// noiseMargin (8 dB) is how much louder than its microphone's noise sound is a voice.
	noiseMargin = 8
	// weakestVoice (72) is what no voice is quieter than, however quiet its microphone is.
	weakestVoice = 72
	// noisePerBlock is how fast a noise is learned: 2 dB a second.
	noisePerBlock = 2. / 50
)

// noise follows how loud a microphone is while nobody speaks into it: down at once, and up
// slowly, because sound that stays as loud for seconds is no speech. Noise is never taken to
// be louder than -50 dBov: it could be music, or a tone.
type noise struct {
	over float32 // noiseAtFirst less the level
}

func (n *noise) level() float32 { return noiseAtFirst - n.over }

// learn takes the level of a block of sound. What is silent to the bit says nothing: it is a
// pause that the sender made.
func (n *noise) learn(level uint8) {
	if level >= pcm.Silence {
		return
	}
	l, was := min(float32(level), weakestVoice+noiseMargin), n.level()
	if l < was {
		l = max(was-noisePerBlock, l, noiseHigh)
	}
	n.over = noiseAtFirst - l
}

// threshold returns the weakest level of a voice.
func (n *noise) threshold() uint8 { return uint8(min(n.level()-noiseMargin, weakestVoice)) }
