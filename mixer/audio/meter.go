package audio

import (
	"math"

	"tilemix/codec/pcm"
)

const (
	// shortTerm (3 s) and momentary (400 ms) are the windows of EBU Tech 3341 §2.2, in blocks.
	shortTerm, momentary = 150, 20
	// loudnessOffset is what K-weighting adds at 1 kHz, in dB (ITU-R BS.1770-4 §2).
	loudnessOffset = -0.691
)

// Meter measures loudness as EBU R 128 has it: K-weighted (ITU-R BS.1770-4), ungated, over the
// last 400 ms and 3 s, in LUFS of one channel. A sine of 997 Hz at full scale is -3 LUFS. The
// zero value has heard nothing. A Meter belongs to one goroutine.
type Meter struct {
	s1, s2, h1, h2 float64            // memory of the shelf and of the high-pass
	powers         [shortTerm]float32 // of the last blocks, a ring
	blocks         int                // ever
}

// Add measures a block.
func (m *Meter) Add(b *pcm.Block) {
	// ITU-R BS.1770-4, tables 1 and 2, in transposed direct form II. The filters' memory is in
	// variables, which halves the time.
	s1, s2, h1, h2, sum := m.s1, m.s2, m.h1, m.h2, 0.0
	for _, v := range b {
		x := float64(v)
		y := 1.53512485958697*x + s1
		s1 = -2.69169618940638*x + 1.69065929318241*y + s2
		s2 = 1.19839281085285*x - 0.73248077421585*y
		z := y + h1
		h1 = -2*y + 1.99004745483398*z + h2
		h2 = y - 0.99007225036621*z
		sum += z * z
	}
	if !(sum < math.MaxFloat32) { // a number that is none would stay in the filters
		s1, s2, h1, h2, sum = 0, 0, 0, 0, 0
	}
	m.s1, m.s2, m.h1, m.h2 = s1, s2, h1, h2
	m.powers[m.blocks%shortTerm] = float32(sum / pcm.Samples)
	m.blocks++
}

// Momentary returns the loudness of the last 400 ms, in LUFS, or of what there was; -Inf is
// silence.
func (m *Meter) Momentary() float64 { return m.latest(momentary) }

// ShortTerm returns the loudness of the last 3 s, in LUFS, or of what there was; -Inf is
// silence.
func (m *Meter) ShortTerm() float64 { return m.latest(shortTerm) }

func (m *Meter) latest(blocks int) float64 {
	blocks = min(blocks, m.blocks)
	sum := 0.0
	for i := range blocks {
		sum += float64(m.powers[(m.blocks-1-i)%shortTerm])
	}
	return loudnessOffset + 10*math.Log10(sum/float64(max(blocks, 1)))
}
