package opus

import (
	"errors"
	"fmt"
	"slices"

	libopus "github.com/hraban/opus"

	"tilemix/codec"
	"tilemix/codec/pcm"
)

const (
	// maxSamples is the longest packet, 120 ms (RFC 6716 §3.2.5, R5).
	maxSamples = 120 * pcm.Rate / 1000
	// stepSamples is the shortest frame, 2.5 ms. All others are multiples.
	stepSamples = pcm.Rate / 400
)

// Decoder is an Opus decoder. Stereo packets come out as mono, half the sum of both channels; of
// channels that are opposites one comes out. Sides returns what mono leaves out. It is not safe
// for concurrent use.
type Decoder struct {
	dec *libopus.Decoder // nil after Close
	two *downmix         // since the first stereo packet dec has two channels; nil: it has one
}

// NewDecoder returns a decoder.
func NewDecoder() (*Decoder, error) {
	dec, err := libopus.NewDecoder(pcm.Rate, 1)
	if err != nil {
		return nil, fmt.Errorf("opus: create decoder: %w", err)
	}
	return &Decoder{dec: dec}, nil
}

// Decode decodes one packet of 2.5 to 120 ms into dst, which holds 120 ms (5760
// samples), and returns the number of samples written. A packet that breaks
// the rules of RFC 6716 §3.4 gives an error that wraps codec.ErrCorrupt.
func (d *Decoder) Decode(dst []float32, packet []byte) (int, error) {
	if d.dec == nil {
		return 0, codec.ErrClosed
	}
	if len(dst) < maxSamples {
		return 0, fmt.Errorf("opus: room for %d samples, not %d", len(dst), maxSamples)
	}
	if len(packet) == 0 {
		return 0, fmt.Errorf("opus: empty packet: %w", codec.ErrCorrupt)
	}
	if d.two == nil && packet[0]&stereoFlag != 0 {
		if err := d.widen(); err != nil {
			return 0, err
		}
	}
	out := dst[:maxSamples:maxSamples]
	if d.two != nil {
		out = d.two.room(maxSamples)
	}
	n, err := d.dec.DecodeFloat32(packet, out)
	if err != nil {
		return 0, fmt.Errorf("opus: decode: %w: %w", err, codec.ErrCorrupt)
	}
	if d.two != nil {
		d.two.mix(dst, n)
	}
	return n, nil
}

// stereoFlag is that of a packet's first byte (RFC 6716 §3.1).
const stereoFlag = 4

// widen goes on with two channels. What the decoder remembers of the sound before is lost.
func (d *Decoder) widen() error {
	dec, err := libopus.NewDecoder(pcm.Rate, 2)
	if err != nil {
		return fmt.Errorf("opus: create decoder: %w", err)
	}
	d.dec, d.two = dec, &downmix{weight: 1}
	return nil
}

// Recover fills dst, as long as what was lost and a multiple of 2.5 ms up to
// 120 ms, from the FEC data in next, the packet that follows. It conceals where
// next is nil, has no such data or is corrupt.
func (d *Decoder) Recover(dst []float32, next []byte) error {
	if d.dec == nil {
		return codec.ErrClosed
	}
	if len(dst) == 0 || len(dst) > maxSamples || len(dst)%stepSamples != 0 {
		return fmt.Errorf("opus: cannot recover %d samples", len(dst))
	}
	out := slices.Clip(dst)
	if d.two != nil {
		out = d.two.room(len(dst))
	}
	if err := d.recover(out, next); err != nil {
		return err
	}
	if d.two != nil {
		d.two.mix(dst, len(dst))
	}
	return nil
}

func (d *Decoder) recover(out []float32, next []byte) error {
	if len(next) > 0 {
		err := d.dec.DecodeFECFloat32(next, out)
		if !errors.Is(err, libopus.ErrInvalidPacket) {
			return err
		}
	}
	if err := d.dec.DecodePLCFloat32(out); err != nil {
		return fmt.Errorf("opus: conceal: %w", err)
	}
	return nil
}

// Close lets the decoder's memory go.
func (d *Decoder) Close() error {
	*d = Decoder{}
	return nil
}
