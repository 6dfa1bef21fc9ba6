// Package opus is Opus through libopus: 20 ms packets of mono or stereo 48 kHz sound out,
// packets of any kind in.
//
//	[]float32 (pcm.Block) ──▶ Encoder ──▶ packet ──▶ Decoder ──▶ []float32
//
// Encoder and Decoder are each owned by one goroutine and allocate nothing
// after construction.
package opus

import (
	"fmt"
	"reflect"
	"slices"

	libopus "github.com/hraban/opus"

	"tilemix/codec"
	"tilemix/codec/pcm"
)

const (
	// complexity 5 costs half of the default 9 and is hard to tell from it.
	complexity = 5

	// What libopus takes, in bits a second.
	minBitrate, maxBitrate = 500, 512_000
)

// Encoder is an Opus encoder for speech and music up to full band, with in-band FEC. It begins
// with Voice. It is not safe for concurrent use.
type Encoder struct {
	enc      *libopus.Encoder // nil after Close
	state    []byte           // enc's memory
	channels int
}

// NewEncoder returns an encoder for bitrate bits a second. FEC data is in the
// packets as soon as SetPacketLoss says that there is a loss to mend.
func NewEncoder(bitrate int) (*Encoder, error) { return newEncoder(bitrate, 1) }

// NewStereoEncoder is NewEncoder for two channels, whose samples are interleaved: left, right.
func NewStereoEncoder(bitrate int) (*Encoder, error) { return newEncoder(bitrate, 2) }

func newEncoder(bitrate, channels int) (*Encoder, error) {
	// The other application, VoIP, cannot become this one between two packets.
	enc, err := libopus.NewEncoder(pcm.Rate, channels, libopus.AppAudio)
	if err != nil {
		return nil, fmt.Errorf("opus: create encoder: %w", err)
	}
	e := &Encoder{
		enc: enc,
		// libopus keeps an encoder in one block without pointers to itself. The
		// binding has it as Go memory but does not export it.
		state:    reflect.ValueOf(enc).Elem().FieldByName("mem").Bytes(),
		channels: channels,
	}
	if err := enc.SetComplexity(complexity); err != nil {
		return nil, fmt.Errorf("opus: set complexity: %w", err)
	}
	if err := enc.SetInBandFEC(true); err != nil {
		return nil, fmt.Errorf("opus: set in-band FEC: %w", err)
	}
	if err := e.SetSignal(Voice); err != nil {
		return nil, err
	}
	if err := e.SetBitrate(bitrate); err != nil {
		return nil, err
	}
	return e, nil
}

// Encode encodes one block of pcm.Samples samples a channel into dst, of which 1275 bytes
// are always enough, and returns the number of bytes written.
func (e *Encoder) Encode(dst []byte, block []float32) (int, error) {
	if e.enc == nil {
		return 0, codec.ErrClosed
	}
	if len(block) != e.channels*pcm.Samples {
		return 0, fmt.Errorf("opus: block of %d samples, not %d", len(block), e.channels*pcm.Samples)
	}
	// The binding hands C the capacity, not the length.
	n, err := e.enc.EncodeFloat32(block, slices.Clip(dst))
	if err != nil {
		return 0, fmt.Errorf("opus: encode: %w", err)
	}
	return n, nil
}

// SetBitrate changes the target to bps bits a second, 500 to 512000.
func (e *Encoder) SetBitrate(bps int) error {
	if e.enc == nil {
		return codec.ErrClosed
	}
	if bps < minBitrate || bps > maxBitrate {
		return fmt.Errorf("opus: bitrate %d is out of range", bps)
	}
	if err := e.enc.SetBitrate(bps); err != nil {
		return fmt.Errorf("opus: set bitrate %d: %w", bps, err)
	}
	return nil
}

// SetPacketLoss tunes FEC to the loss that receivers report, 0 to 100 per cent.
func (e *Encoder) SetPacketLoss(percent int) error {
	if e.enc == nil {
		return codec.ErrClosed
	}
	if err := e.enc.SetPacketLossPerc(percent); err != nil {
		return fmt.Errorf("opus: set packet loss %d: %w", percent, err)
	}
	return nil
}

// CopyState makes e continue from's stream: the next packets of both, for the
// same sound, are the same bytes. Settings (bitrate, loss) are copied too. It
// does nothing when one of the two is closed, or has more channels than the other.
func (e *Encoder) CopyState(from *Encoder) {
	if e.enc == nil || from.enc == nil || e.channels != from.channels {
		return
	}
	copy(e.state, from.state)
}

// Close lets the encoder's memory go.
func (e *Encoder) Close() error {
	*e = Encoder{}
	return nil
}
