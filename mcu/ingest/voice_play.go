package ingest

import (
	"errors"
	"time"

	"tilemix/codec/pcm"
	"tilemix/mcu/jitter"
	"tilemix/mcu/worker"
)

const (
	// quietLevel is the level from which on sound may be shortened and lengthened
	// unheard, in -dBov.
	quietLevel = 50
	// join is over how many samples a cut is cross-faded, and sound that begins
	// is faded in: 2.5 ms, the least that Opus conceals.
	join = 120
	// stillPackets is after how many packets of digital silence the decoder is left
	// alone: what it remembers of the sound before has died away.
	stillPackets = 5
	// loudest is what a decoder may put out; more is nonsense.
	loudest = 4
)

// remainder holds what has been decoded and not yet played.
type remainder struct {
	samples [pcm.Samples + maxVoiceSamples]float32
	n       int
	heard   int // up to here there is sound, from here on silence
}

// room returns where the next n samples go, which grow or rest keep.
func (c *remainder) room(n int) []float32 { return c.samples[c.n : c.n+n] }

// grow keeps n samples of sound.
func (c *remainder) grow(n int) {
	c.n += n
	c.heard = c.n
}

// rest adds n samples of silence.
func (c *remainder) rest(n int) {
	clear(c.room(n))
	c.n += n
}

// take moves one block out and reports whether there is sound in it.
func (c *remainder) take(dst *pcm.Block) (heard bool) {
	copy(dst[:], c.samples[:pcm.Samples])
	c.n = copy(c.samples[:], c.samples[pcm.Samples:c.n])
	heard = c.heard > 0
	c.heard = max(c.heard-pcm.Samples, 0)
	return heard
}

// giveBack puts samples before all others.
func (c *remainder) giveBack(b []float32) {
	copy(c.samples[len(b):], c.samples[:c.n])
	copy(c.samples[:], b)
	c.n += len(b)
	c.heard = max(c.heard+len(b), len(b))
}

// fill plays one block and reports whether there is sound in it.
func (v *Voice) fill(dst *pcm.Block, now time.Time) (ok bool) {
	for v.rest.n < pcm.Samples {
		d := v.buf.Pull(pcm.Samples-v.rest.n, now)
		switch {
		case d.Action == jitter.Play:
			v.play(&d)
		case d.Action != jitter.Silence:
			v.conceal(&d)
		case v.sounds:
			v.fadeOut(d.Samples)
		case d.Samples == pcm.Samples:
			*dst = pcm.Block{}
			v.lanes.stop()
			return false
		default:
			v.lanes.silent(v.rest.n, d.Samples)
			v.rest.rest(d.Samples)
		}
	}
	v.lanes.take(v.rest.n)
	return v.rest.take(dst)
}

// play decodes a packet.
func (v *Voice) play(d *jitter.Decision) {
	p := d.Packet
	if p.HasLevel {
		v.level, v.said = p.Level, true
	}
	if v.levels.isStill(p) {
		v.lanes.silent(v.rest.n, d.Samples)
		v.rest.rest(d.Samples)
		v.sounds = false
		return
	}
	before := v.spare[:join]
	goesOn := d.Discontinuity && v.sounds && v.dec.Recover(before, nil) == nil
	if goesOn {
		v.lanes.ended(before)
	} else {
		clear(before)
	}
	dst := v.rest.room(maxVoiceSamples)
	n, err := v.dec.Decode(dst, p.Payload)
	if err != nil {
		v.count.undecodable.Add(1)
		if errors.Is(err, worker.ErrRefused) {
			v.count.refused.Add(1)
		}
		// Such a packet cannot be trusted in how long it says it is.
		d.Samples, d.Packet = min(d.Samples, max(v.usual, join)), nil
		v.conceal(d)
		return
	}
	v.usual = n
	v.lanes.decoded(dst[:n], v.rest.n)
	sanitize(dst[:n])
	v.levels.decoded(p, dst[:n])
	if clips(dst[:n]) {
		v.count.clipped.Add(1)
	}
	if d.Discontinuity || !v.sounds {
		sanitize(before)
		crossFade(dst[:min(n, join)], before)
		v.lanes.joined(v.rest.n, min(n, join), goesOn)
	}
	v.rest.grow(n)
	v.sounds = true
}

// conceal recovers or conceals what is missing.
func (v *Voice) conceal(d *jitter.Decision) {
	dst := v.rest.room(d.Samples)
	var next []byte
	if d.Packet != nil {
		next = d.Packet.Payload
	}
	if v.dec.Recover(dst, next) == nil {
		v.lanes.decoded(dst, v.rest.n)
	} else {
		clear(dst)
		v.lanes.silent(v.rest.n, d.Samples)
	}
	sanitize(dst)
	v.rest.grow(d.Samples)
	v.sounds = true
}

// fadeOut lets the sound end in n samples.
func (v *Voice) fadeOut(n int) {
	tail := &v.spare
	long := min((n+join-1)/join*join, pcm.Samples)
	heard := v.dec.Recover(tail[:long], nil) == nil
	if heard {
		v.lanes.ended(tail[:long])
	} else {
		clear(tail[:long])
	}
	v.lanes.fadeOut(v.rest.n, n, heard)
	sanitize(tail[:n])
	ramp(v.rest.room(n), tail[:n])
	v.rest.grow(n)
	v.sounds = false
}

// accelerate plays much of the next block in the time of dst too.
func (v *Voice) accelerate(dst *pcm.Block, now time.Time) {
	next := &v.second
	v.lanes.hold()
	if !v.fill(next, now) {
		v.lanes.release()
		return
	}
	short, n := v.wsola.Accelerate(dst, next), v.rest.n
	v.rest.giveBack(short[copy(dst[:], short):])
	v.lanes.accelerate(&v.wsola, n)
}

// expand plays some of the block before dst again, and the end of dst later.
func (v *Voice) expand(dst *pcm.Block) {
	if !v.sounded {
		return
	}
	if long, ok := v.wsola.Expand(&v.before, dst); ok {
		n := v.rest.n
		v.rest.giveBack(long[copy(dst[:], long):])
		v.lanes.expand(&v.wsola, n)
	}
}

// concealQuiet plays a block that is made up, if the sound is quiet.
func (v *Voice) concealQuiet(dst *pcm.Block, now time.Time) (ok bool) {
	if !v.quiet || !v.sounds || v.rest.n > 0 {
		return v.fill(dst, now)
	}
	if v.dec.Recover(dst[:], nil) == nil {
		v.lanes.madeUp(dst[:])
	} else {
		clear(dst[:])
		v.lanes.stop()
	}
	sanitize(dst[:])
	return true
}

// ramp writes sound that ends to dst.
func ramp(dst, sound []float32) {
	for i, s := range sound {
		dst[i] = s * (1 - float32(i)/float32(len(sound)))
	}
}

// crossFade goes from before, which may be shorter than needed only by being
// silent, to dst.
func crossFade(dst, before []float32) {
	for i := range dst {
		w := float32(i) / float32(len(dst))
		dst[i] = w*dst[i] + (1-w)*before[i]
	}
}

// sanitize takes out what no sound is: a hostile packet must not reach the mix as NaN.
func sanitize(b []float32) {
	for i, s := range b {
		if !(s >= -loudest && s <= loudest) {
			b[i] = 0
		}
	}
}

// publishLag says how late the block is that Pull returns.
func (v *Voice) publishLag(heard bool, now time.Time) {
	v.lag.live.Store(heard)
	timestamp, delay, ok := v.buf.Playing(v.rest.n, now)
	if !heard || !ok {
		return
	}
	// That is the block after this one.
	timestamp, delay = timestamp-pcm.Samples, delay+pcm.Duration
	v.lag.arrival.store(delay)
	if at := v.sender.captured(timestamp); at.IsZero() {
		v.lag.sender.forget()
	} else {
		v.lag.sender.store(now.Sub(at))
	}
	raised := time.Duration(v.lag.wanted.Load())
	needed := v.buf.Target() - raised
	v.lag.over.Store(int64(min(raised, max(delay-needed, 0))))
}
