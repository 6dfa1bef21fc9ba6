package pcm

import "math"

const (
	// ceiling is the level, -3 dBFS, that the limiter leaves alone and brings louder sound down
	// to, and top, -2.3 dBFS, where the knee ends. A lossy codec adds up to 1.3 dB to a peak, and
	// listeners are to have -1 dBTP at most (EBU R 128).
	ceiling = 0.708
	top     = 0.767
	// suspect is the level from which the peak between two samples may be over the ceiling.
	suspect = 0.85 * ceiling
	// step is the length of the limiter's measure, in samples: 1 ms. The gain is a
	// straight line over each.
	step  = Samples / steps
	steps = 20
	// attack is the least part of its gain that the limiter keeps in a step
	// (-3 dB), where it sees the peak coming.
	attack = 0.708
	// hold is how many steps the gain stays down after a peak: longer than a
	// period of the lowest voice, or the gain would follow the wave.
	hold = 20
	// release is how much of the gain comes back in a step: all of it in 250 ms.
	release = 1.0 / 250
)

// Limiter brings a sum of voices below full scale without being heard: sound
// with a true peak under -3 dBTP passes unchanged, louder sound is turned down before its peak,
// as far as the block shows it, and slowly up again. The zero value is ready. It
// belongs to one listener and one goroutine.
type Limiter struct {
	reduction float32 // 1 - gain at the end of the last block
	held      int     // steps for which the gain stays down
}

// Apply limits the block in place; no sample is beyond -2.3 dBFS after it. It adds no
// delay.
func (l *Limiter) Apply(b *Block) {
	need, loud := needed(b)
	if !loud && l.reduction == 0 {
		return
	}
	gains := l.plan(&need)
	for i := range steps {
		ramp((*[step]float32)(b[i*step:]), gains[i], gains[i+1])
	}
}

// ApplyStereo limits two channels in place by one gain, that of the louder, so that what is
// heard between them stays where it is.
func (l *Limiter) ApplyStereo(left, right *Block) {
	need, loud := needed(left)
	other, louder := needed(right)
	if !loud && !louder && l.reduction == 0 {
		return
	}
	for i := range need {
		need[i] = min(need[i], other[i])
	}
	gains := l.plan(&need)
	for i := range steps {
		ramp((*[step]float32)(left[i*step:]), gains[i], gains[i+1])
		ramp((*[step]float32)(right[i*step:]), gains[i], gains[i+1])
	}
}

// needed returns the gain that each step's peak allows, and whether any is
// below 1.
func needed(b *Block) (need [steps]float32, loud bool) {
	for i := range need {
		need[i] = 1
		p := peak((*[step]float32)(b[i*step:]))
		if p > suspect {
			p = max(p, between(b, i*step))
		}
		loud = loud || !(p <= ceiling)
		if p > ceiling && p <= math.MaxFloat32 { // what is no number is the knee's
			need[i] = ceiling / p
		}
	}
	return need, loud
}

// peak returns the largest magnitude. It compares bits, whose order is that of
// magnitudes once the sign is out, as that takes no branch; NaN is above all.
func peak(b *[step]float32) float32 {
	var p uint32
	for _, s := range b {
		p = max(p, math.Float32bits(s)<<1)
	}
	return math.Float32frombits(p >> 1)
}

// between returns the largest magnitude halfway between the samples of the step at the sample
// at, by a cubic through four of them: up to 8 kHz within 0.5 dB of what a converter makes
// (ITU-R BS.1770-4, annex 2).
func between(b *Block, at int) float32 {
	most := float32(0)
	for i := max(at, 1); i < min(at+step, Samples-2); i++ {
		v := (9*(b[i]+b[i+1]) - b[i-1] - b[i+2]) / 16
		most = max(most, v, -v)
	}
	return most
}

// plan returns the gain at the steps' edges. The first continues the last
// block.
func (l *Limiter) plan(need *[steps]float32) (gains [steps + 1]float32) {
	gain := 1 - l.reduction
	gains[0] = gain
	for i := range need {
		want := need[i]
		if i+1 < steps {
			want = min(want, need[i+1])
		}
		switch {
		case want < 1 && want <= gain*1.01:
			gain, l.held = min(gain, want), hold
		case l.held > 0:
			l.held--
		default:
			gain = min(gain+release, want)
		}
		gains[i+1] = gain
	}
	l.reduction = 1 - gain
	for i := steps - 1; i > 0; i-- {
		gains[i] = min(gains[i], gains[i+1]/attack)
	}
	return gains
}

// ramp moves the gain from one value to the other over a step. Only the first
// step of a block can hold a peak that its gain does not know of yet; the knee
// bends it below the top.
func ramp(b *[step]float32, from, to float32) {
	slope := (to - from) / step
	for i := range b {
		b[i] = knee(b[i] * (from + slope*float32(i+1)))
	}
}

// knee is the identity up to the ceiling and bends to the top beyond it. What is not a
// number becomes silence.
func knee(s float32) float32 {
	a := math.Float32frombits(math.Float32bits(s) << 1 >> 1)
	if a <= ceiling {
		return s
	}
	const room = top - ceiling
	over := (a - ceiling) / room
	a = min(ceiling+room*over/(1+over), top)
	switch {
	case s > 0 && a <= top:
		return a
	case s < 0 && a <= top:
		return -a
	}
	return 0
}
