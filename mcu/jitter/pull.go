package jitter

import "time"

// Action is what a Decision asks for.
type Action uint8

const (
	// Silence is what was sent: there is nothing to decode.
	Silence Action = iota
	// Play is to decode Packet.
	Play
	// Recover is to take what was lost from Packet's FEC data.
	Recover
	// Conceal is to make up what is missing.
	Conceal
)

// Decision says where the next samples come from.
type Decision struct {
	Action Action
	// Samples is how long the stretch is, at 48 kHz. For Silence it is what was
	// asked for; for Recover and Conceal a multiple of 2.5 ms.
	Samples int
	// Packet is set for Play and Recover. It is valid until the next Push.
	Packet *Packet
	// Discontinuity says that Packet does not continue what was played before it.
	Discontinuity bool
}

const (
	// grain is the shortest stretch that Opus conceals: 2.5 ms.
	grain = 120
	// maxFilled is how long missing sound is made up before it is silence.
	maxFilled = 100 * ms
)

// Pull decides about the next stretch of sound. need, 1 to 960, is how many
// samples the caller lacks for the block that it plays at now. The stretch may be
// longer; the caller keeps the rest for the next block.
func (b *Buffer) Pull(need int, now time.Time) Decision {
	p := b.first()
	if !b.running {
		if !b.start(p, need, now) {
			return Decision{Action: Silence, Samples: need}
		}
		p = b.first()
	}
	if p == nil {
		if b.pause || b.filled >= maxFilled {
			return b.stop(need)
		}
		d := b.conceal(need)
		b.waited += d.Samples
		return d
	}
	lost := p.seq - b.next
	if lost > 0 && p.FEC && b.waited > 0 && b.excess(block-need, now) < b.waited {
		// What was made up in the meantime lengthens a delay that is too short;
		// what was lost is still to be recovered.
		b.filled -= b.waited
		b.waited = 0
	}
	gap := int(p.at-b.at) - b.filled
	switch {
	case gap < grain:
		return b.play(p)
	case gap >= int(lost)*b.samples+grain || b.filled >= maxFilled:
		// The gap is longer than what was lost: the sender paused. Or so much is
		// missing that silence is no worse. The packet's time is worked out anew.
		b.running = false
		return b.Pull(need, now)
	case !p.FEC:
		return b.conceal(min(need, gap))
	case gap > p.Samples:
		return b.conceal(min(need, gap-p.Samples))
	}
	return b.recover(p, gap)
}

// start begins to play p, if it is time, at the beginning of a block.
func (b *Buffer) start(p *slot, need int, now time.Time) bool {
	if p == nil || need < block {
		return false
	}
	excess := b.clock(now) - b.times.base - p.at - b.target()
	lead := int64(0)
	if p.seq > b.next && !b.fresh && p.FEC && excess < 0 {
		lead = int64(min(b.samples, p.Samples)) // the lost packet before it
	}
	if excess+lead < 0 {
		return false
	}
	if lead > 0 {
		b.next = p.seq - 1
	} else {
		b.next = p.seq
	}
	b.at = p.at - lead
	b.filled, b.waited = 0, 0
	b.running = true
	b.skip(0, now)
	b.discontinuity = false // what came before has faded out
	return true
}

// stop ends the sound.
func (b *Buffer) stop(need int) Decision {
	b.running = false
	b.over = 0
	return Decision{Action: Silence, Samples: need}
}

func (b *Buffer) conceal(n int) Decision {
	n = (n + grain - 1) / grain * grain
	b.filled += n
	b.stats.Concealed++
	return Decision{Action: Conceal, Samples: n}
}

func (b *Buffer) recover(p *slot, gap int) Decision {
	n := gap / grain * grain
	b.filled += gap
	b.waited = 0
	b.stats.Recovered++
	return Decision{Action: Recover, Samples: n, Packet: &p.Packet}
}

func (b *Buffer) play(p *slot) Decision {
	b.stats.Lost += uint64(p.seq - b.next)
	b.lossy.observe(p.seq > b.next && p.FEC)
	p.full = false
	b.next = p.seq + 1
	b.at = p.at + int64(p.Samples)
	b.filled, b.waited = 0, 0
	b.samples = p.Samples
	b.pause = p.Pause
	b.fresh = false
	discontinuity := b.discontinuity
	b.discontinuity = false
	return Decision{Action: Play, Samples: p.Samples, Packet: &p.Packet, Discontinuity: discontinuity}
}

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
		return b.expand(-excess)
	case excess < accelerateQuiet:
		b.over = 0
	default:
		b.over = max(b.over, 0) + 1
		return b.accelerate(excess, held)
	}
	return Keep
}

// accelerate says how to shorten a delay that is excess over the target.
func (b *Buffer) accelerate(excess, held int) Adjustment {
	switch {
	case b.over < patience || held+b.ready() < 2*block:
		return Keep
	case excess >= accelerateFast && b.over%fast == 0, excess >= accelerateSlow && b.over%slowly == 0:
		return Accelerate
	}
	return AccelerateQuiet
}

// expand says how to lengthen a delay that the target is short by so much.
func (b *Buffer) expand(short int) Adjustment {
	switch {
	case b.over > -patience:
		return Keep
	case short >= expandFast && b.over%fast == 0, short >= expandSlow && b.over%slowly == 0:
		return Expand
	}
	return ExpandQuiet
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
	b.discontinuity = true
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
