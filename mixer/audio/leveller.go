package audio

import (
	"math"

	"tilemix/codec/pcm"
)

const (
	// targetLoudness is what each voice is brought to on average, in LUFS, by gains from least to
	// most, in dB. Its loudest 3 s are at about -18 LUFS then. A talker at -35 LUFS can be lifted
	// to -23 LUFS, and -18 LUFS on average would leave the talker 5 LU behind the others.
	targetLoudness      = -20
	leastGain, mostGain = -20, 12
	// gainStep is how much the gain changes in a block, in dB: 6 dB a second.
	gainStep = 6. / 50
	// liftedNoise is what noise is lifted to at most, in -dBov. Noise that is louder is lifted by
	// littleGain at most, in dB.
	liftedNoise, littleGain = 46, 3
	// heardFirst is how much of a voice is measured before its gain moves, 400 ms, and heardLong
	// over how much of it its loudness is averaged, 3 s, in blocks of which every other is
	// measured.
	heardFirst, heardLong = 10, 75
	// quieter is how far under its loudness, in dB, what a voice says does not count, as pauses and
	// the ends of words do not (ITU-R BS.1770-4 §3). A voice that is never louder for 2 s, in blocks
	// measured, has become softer.
	quieter, softer = 10, 50
)

// Leveller brings a voice to -20 LUFS, as far as +12 and -20 dB go, by 6 dB a second.
// What is no voice moves no gain. The zero value has a gain of 0 dB. A Leveller belongs to one
// voice and one goroutine.
type Leveller struct {
	meter    Meter
	voiced   int // blocks of the voice
	measured int // of them, at most heardLong
	soft     int // of them, the last that were too quiet to count
	power    float64
	gain     float32 // dB

	begin, slope float32 // of the factor in the last block; slope is by sample
}

// Apply changes the loudness of the next block. voice says that somebody speaks in it, and
// noise how loud the microphone is otherwise, in -dBov.
func (l *Leveller) Apply(b *pcm.Block, voice bool, noise float32) {
	from := l.gain
	if voice {
		// Every other block tells as much, for half of the time.
		if l.voiced++; l.voiced%2 == 0 {
			l.listen(b)
		}
		if l.measured >= heardFirst {
			l.follow(noise)
		}
	}
	l.begin, l.slope = 1, 0
	if from == 0 && l.gain == 0 {
		return
	}
	l.begin = float32(math.Pow(10, float64(from)/20))
	l.slope = (float32(math.Pow(10, float64(l.gain)/20)) - l.begin) / pcm.Samples
	l.repeat(b)
}

// repeat changes a block of another channel as the last one.
func (l *Leveller) repeat(b *pcm.Block) {
	a, slope := l.begin, l.slope
	for i := range b {
		a += slope
		b[i] *= a
	}
}

// listen measures a block.
func (l *Leveller) listen(b *pcm.Block) {
	l.meter.Add(b)
	now := math.Pow(10, l.meter.latest(momentary/2)/10)
	l.measured = min(l.measured+1, heardLong)
	if now >= l.power*math.Pow(10, -quieter/10.) {
		l.soft = 0
	} else if l.soft++; l.soft < softer {
		return
	} else {
		l.soft, l.measured, l.power = 0, heardFirst, now
	}
	l.power += (now - l.power) / float64(l.measured)
}

// follow moves the gain by a step towards what the voice needs.
func (l *Leveller) follow(noise float32) {
	if l.power == 0 {
		return
	}
	most := min(max(noise-liftedNoise, littleGain), mostGain)
	want := min(max(targetLoudness-float32(10*math.Log10(l.power)), leastGain), most)
	l.gain += min(max(want-l.gain, -gainStep), gainStep)
}
