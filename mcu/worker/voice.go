package worker

import (
	"fmt"

	"tilemix/codec"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
)

var (
	errPacket = fmt.Errorf("packet of sound cannot be decoded: %w", codec.ErrCorrupt)
	errFull   = fmt.Errorf("a room has too many voices: %w", codec.ErrCorrupt)
)

// loudest is what a decoder may put out; more is nonsense, and becomes silence.
const loudest = 4

// VoiceDecoder decodes one voice by the worker of a [Batch]. It is a codec.AudioDecoder, and has what mono
// leaves out of stereo (Sides). What the worker does not decode in time it makes up from the sound
// before (pcm.Bridge), without an error. It belongs to the goroutine of its batch, and does not allocate
// in steady state.
type VoiceDecoder struct {
	batch  *Batch
	number int    // in batch and worker; -1: none yet
	entry  uint64 // of the lane whose worker has the decoder
	wide   bool   // Sides is asked
	stereo bool   // it has been
	record record
	past   past
	closed bool
	bridge pcm.Bridge
	sides  *[2]side
}

// side is what mono leaves out of stereo, of the last sound.
type side struct {
	samples [longest]float32
	bridge  pcm.Bridge
}

// Decode decodes one packet as the codec package says, and returns how many samples it is of. After
// Config.Deaths within a minute, Decode returns ErrRefused.
func (d *VoiceDecoder) Decode(dst []float32, packet []byte) (int, error) {
	n := opus.Samples(packet)
	switch {
	case d.closed:
		return 0, codec.ErrClosed
	case len(dst) < longest:
		return 0, fmt.Errorf("opus: room for %d samples, not %d", len(dst), longest)
	case n == 0 || len(packet) > mostPacket:
		return 0, errPacket
	}
	if err := d.ask(order{samples: n}, packet, dst[:n]); err != nil {
		return 0, err
	}
	return n, nil
}

// Recover fills dst, which is as long as what was lost, as the codec package says.
func (d *VoiceDecoder) Recover(dst []float32, next []byte) error {
	switch {
	case d.closed:
		return codec.ErrClosed
	case len(dst) == 0 || len(dst) > longest || len(next) > mostPacket:
		return fmt.Errorf("opus: cannot recover %d samples from %d bytes", len(dst), len(next))
	}
	return d.ask(order{samples: len(dst), recovers: true}, next, dst)
}

// Sides writes what mono, the samples that Decode or Recover returned last, leaves out of stereo, as
// opus.Decoder.Sides does.
func (d *VoiceDecoder) Sides(mono, side, rest []float32) (stereo bool) {
	if !d.stereo {
		return false
	}
	copy(side[:min(len(side), len(mono))], d.sides[0].samples[:])
	copy(rest[:min(len(rest), len(mono))], d.sides[1].samples[:])
	return true
}

// Close gives up the voice's number.
func (d *VoiceDecoder) Close() error {
	if !d.closed {
		d.closed = true
		d.batch.remove(d)
	}
	return nil
}

// ask has the worker do an order, and takes the sound.
func (d *VoiceDecoder) ask(o order, packet []byte, dst []float32) error {
	if d.record.refused {
		return ErrRefused
	}
	if d.number < 0 && !d.batch.add(d) {
		return errFull
	}
	o.voice, o.wide = d.number, d.wide
	l := d.batch.laneOf(d)
	result, sounds := l.do(d, &o, packet)
	if !o.recovers && result != spoiled {
		d.past.add(packet, o.length > 0)
	}
	switch result {
	case decoded, sided:
		take(dst, o.row(sounds, 0))
		d.bridge.Join(dst)
	case spoiled:
		return errPacket
	default:
		d.batch.crew.pool.bridged.Add(1)
		d.bridge.Make(dst)
	}
	d.takeSides(&o, result, sounds)
	return nil
}

// takeSides takes what mono leaves out of a sound, if anything.
func (d *VoiceDecoder) takeSides(o *order, result sound, sounds []float32) {
	if result == sided && !d.stereo {
		d.stereo, d.sides = true, &[2]side{}
	}
	if !d.stereo {
		return
	}
	for i := range d.sides {
		s := &d.sides[i]
		dst := s.samples[:o.samples]
		switch result {
		case sided:
			take(dst, o.row(sounds, i+1))
			s.bridge.Join(dst)
		case decoded: // a new decoder has had mono alone so far
			clear(dst)
			s.bridge.Join(dst)
		default:
			s.bridge.Make(dst)
		}
	}
}

// take copies samples out of a worker's memory, but for what no sound is.
func take(dst, src []float32) {
	for i, s := range src {
		if !(s >= -loudest && s <= loudest) {
			s = 0
		}
		dst[i] = s
	}
}

// mostPast (5) packets of a voice are known: 100 ms, after which a new decoder has found to what the old one had.
// It predicts from what it decoded before (RFC 6716, sections 4.2.7.6 and 4.3.2.1).
const mostPast = 5

// past has the newest packets of a voice, so that the decoder of another worker takes up where the one before
// ended. It does not allocate in steady state.
type past struct {
	packets [mostPast][]byte
	next    int  // where the next one goes
	count   int  // of them
	behind  int  // of the newest ones the worker has not had so many
	flying  bool // the worker has a packet that is yet to be added
	spoiled bool // a worker ended with that packet, which is not to be added
}

// add takes the packet that came last. given: the worker has had it.
func (p *past) add(packet []byte, given bool) {
	p.flying = false
	if p.spoiled {
		p.spoiled = false
		return
	}
	p.packets[p.next] = append(p.packets[p.next][:0], packet...)
	p.next = (p.next + 1) % mostPast
	p.count = min(p.count+1, mostPast)
	if p.behind = min(p.behind+1, p.count); given {
		p.behind = 0
	}
}

// spoil takes note that a worker ended with the packet that it had last. all: those before are not to be decoded
// again either.
func (p *past) spoil(all bool) {
	p.spoiled = p.flying
	switch {
	case all:
		p.count, p.behind = 0, 0
	case !p.flying: // it was added, and behind it what the worker has not had
		p.count = p.behind
	}
}

// packet returns the n-th newest, from 1.
func (p *past) packet(n int) []byte { return p.packets[(p.next-n+mostPast)%mostPast] }

// bytes returns the length of the n newest.
func (p *past) bytes(n int) (sum int) {
	for i := range n {
		sum += len(p.packet(i + 1))
	}
	return sum
}
