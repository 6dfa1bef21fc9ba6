package audio

import "tilemix/codec/pcm"

// Mixer sums the voices of one tick once and gives each speaker the sum
// without that speaker's own voice (mix-minus). It works in float32 and never clips: the caller
// limits what each listener gets. The zero value is ready. A Mixer belongs to
// one goroutine.
type Mixer struct {
	sum    pcm.Block
	voices int
}

// Reset begins a tick: the sum is silence.
func (m *Mixer) Reset() {
	if m.voices > 0 {
		m.sum = pcm.Block{}
		m.voices = 0
	}
}

// Add adds a voice to the sum. b is not kept, but must be the same when it is
// given to Minus.
func (m *Mixer) Add(b *pcm.Block) {
	if m.voices == 0 {
		m.sum = *b
	} else {
		m.sum.Add(b)
	}
	m.voices++
}

// Mix writes the sum of all voices to dst.
func (m *Mixer) Mix(dst *pcm.Block) { *dst = m.sum }

// Minus writes to dst the sum of all voices but own, which was added in this
// tick. dst may be own. A voice that was alone hears exact silence; with others,
// what is left of it is float32's rounding, more than 100 dB down.
func (m *Mixer) Minus(dst, own *pcm.Block) {
	if m.voices <= 1 {
		*dst = pcm.Block{}
		return
	}
	for i, s := range &m.sum {
		dst[i] = s - own[i]
	}
}
