package jitter

import "time"

// Adjustment says how the caller brings the delay to the target.
type Adjustment uint8

const (
	// Keep is to play one block.
	Keep Adjustment = iota
	// SqueezeQuiet is to play two blocks in about the time of one if the first is
	// quiet.
	SqueezeQuiet
	// Squeeze is to play two blocks in about the time of one.
	Squeeze
	// StretchQuiet is to make up a block, and take nothing out of the buffer, if
	// the sound is quiet.
	StretchQuiet
	// Stretch is to play a block in about the time of one and a half.
	Stretch
)

const (
	// A delay that is over the target by this much is brought down: in the quiet,
	// in any sound slowly and fast, by skipping.
	squeezeQuiet = block + 5*ms
	squeezeSlow  = block + 20*ms
	squeezeFast  = block + 60*ms
	maxExcess    = 300 * ms
	// One that is under it by this much is brought up in any sound, slowly and fast.
	stretchSlow = 10 * ms
	stretchFast = 30 * ms
	// patience is for how many blocks the delay must have been off: the caller's
	// own clock may have been. slowly and fast are how many of them
	// there are to one squeeze or stretch of sound that is not quiet.
	patience = 5
	slowly   = 50
	fast     = 5
)

// Adjust is called once before each block. held is how many samples the caller has
// from earlier stretches. It may skip what is buffered far over the target.
func (b *Buffer) Adjust(held int, now time.Time) Adjustment {
	if !b.running || b.filled > 0 {
		return Keep
	}
	if b.skip(held, now) {
		return Keep
	}
	switch excess := b.excess(held, now); {
	case excess < 0:
		b.over = min(b.over, 0) - 1
		return b.stretch(-excess)
	case excess < squeezeQuiet:
		b.over = 0
	default:
		b.over = max(b.over, 0) + 1
		return b.squeeze(excess, held)
	}
	return Keep
}

// squeeze says how to shorten a delay that is excess over the target.
func (b *Buffer) squeeze(excess, held int) Adjustment {
	switch {
	case b.over < patience || held+b.ready() < 2*block:
		return Keep
	case excess >= squeezeFast && b.over%fast == 0, excess >= squeezeSlow && b.over%slowly == 0:
		return Squeeze
	}
	return SqueezeQuiet
}

// stretch says how to lengthen a delay that the target is short by so much.
func (b *Buffer) stretch(short int) Adjustment {
	switch {
	case b.over > -patience:
		return Keep
	case short >= stretchFast && b.over%fast == 0, short >= stretchSlow && b.over%slowly == 0:
		return Stretch
	}
	return StretchQuiet
}

// skip drops packets until the delay is the target, if it is far over and
// enough is there.
func (b *Buffer) skip(held int, now time.Time) bool {
	excess := b.excess(held, now)
	if excess < maxExcess || held+b.ready() < int(b.target())+maxExcess {
		return false
	}
	limit := b.clock(now) - b.times.base - b.target()
	for p := b.first(); p != nil && p.at+int64(p.Samples) <= limit; p = b.first() {
		b.drop(p, p.seq)
		b.next = p.seq + 1
		b.at = p.at + int64(p.Samples)
	}
	b.cut = true
	b.over = 0
	return true
}

// Delay returns how much later than the fastest packets allow sound is played. It is
// 0 while there is none.
func (b *Buffer) Delay(held int, now time.Time) time.Duration {
	if !b.running {
		return 0
	}
	return duration(b.delay(held, now))
}

// Target returns the delay that the buffer steers to.
func (b *Buffer) Target() time.Duration { return duration(int(b.target())) }

// excess is how much longer than the target the delay is. Packets that begin within
// the caller's blocks, and not with them, are needed that much earlier.
func (b *Buffer) excess(held int, now time.Time) int {
	return b.delay(held, now) - int(b.target()) - held%common(b.samples, block)
}

func (b *Buffer) delay(held int, now time.Time) int {
	return int(b.clock(now) - b.times.base - b.at + int64(held))
}

// target is what covers the lateness of the packets, and of those that are
// due within a block but needed at its beginning; and where packets are lost, the wait
// for the one with the FEC data. What was raised comes on top.
func (b *Buffer) target() int64 {
	t := b.raised + b.times.target + int64(block-common(b.samples, block))
	if b.lossy.many {
		t += int64(b.samples)
	}
	return t
}

// ready returns how many samples can be played without a gap.
func (b *Buffer) ready() int {
	at := b.at
	for seq := b.next; seq <= b.newest; seq++ {
		s := b.slot(seq)
		if !s.full || s.seq != seq || s.at > at {
			break
		}
		at = s.at + int64(s.Samples)
	}
	return int(at - b.at)
}

func duration(samples int) time.Duration {
	return time.Duration(samples) * time.Millisecond / ms
}

// common returns the greatest common divisor.
func common(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
