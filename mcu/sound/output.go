package sound

import (
	"fmt"
	"time"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/media"
	"tilemix/mcu/packet"
)

// maxPacket is the longest Opus packet, in bytes (RFC 6716 §3.4).
const maxPacket = 1275

// maxBitrate is what Opus takes, in bits a second (RFC 6716 §2.1.1).
const maxBitrate = 510_000

// stamp is when a block begins, in samples and as an instant.
type stamp struct {
	samples uint32
	at      time.Time
}

// flat (50 blocks, 1 s) is for how long both channels are the same until one is coded.
const flat = 50

// output is the stream that one listener, or all silent listeners, hear: an encoder and
// what belongs to its stream.
type output struct {
	enc     *opus.Encoder
	limiter pcm.Limiter
	buf     [maxPacket]byte
	payload [1][]byte
	pool    packet.UnitPool
	unit    *packet.PayloadBuffer // the payload, for all who hear it
	fecLoss int                   // that it is made for, in per cent
	signal  signal                // that it is made for

	// Of two channels.
	bitrate int       // of one, bits a second
	wide    bool      // both are coded
	same    int       // blocks in a row in which they were the same
	frames  []float32 // both, interleaved; nil: there is one channel
}

func newOutput(bitrate int, stereo bool) (*output, error) {
	o, makes := &output{bitrate: bitrate}, opus.NewEncoder
	if stereo {
		o.frames, makes = make([]float32, 2*pcm.Samples), opus.NewStereoEncoder
	}
	var err error
	if o.enc, err = makes(bitrate); err == nil && stereo {
		err = o.enc.SetMono(true)
	}
	if err != nil {
		return nil, fmt.Errorf("make an encoder of sound: %w", err)
	}
	return o, nil
}

// cloneState makes o go on from where from is, so that a decoder hears no seam.
func (o *output) cloneState(from *output) {
	o.enc.CopyState(from.enc)
	o.limiter, o.fecLoss, o.signal = from.limiter, from.fecLoss, from.signal
	o.wide, o.same = from.wide, from.same
}

// encode limits b in place and encodes it.
func (o *output) encode(b *pcm.Block) error {
	o.limiter.Apply(b)
	return o.pack(b[:])
}

// encodeStereo limits two channels in place and encodes them. wide says that they differ.
func (o *output) encodeStereo(left, right *pcm.Block, wide bool) error {
	o.widen(wide)
	o.limiter.ApplyStereo(left, right)
	for i := range left {
		o.frames[2*i], o.frames[2*i+1] = left[i], right[i]
	}
	return o.pack(o.frames)
}

// widen codes both channels as soon as they differ, with twice the bitrate, and one after they
// have been the same for a while.
func (o *output) widen(wide bool) {
	if o.same++; wide {
		o.same = 0
	}
	if next := o.same < flat && (wide || o.wide); next != o.wide {
		o.wide = next
		bitrate := o.bitrate
		if o.wide {
			bitrate = min(2*bitrate, maxBitrate)
		}
		_, _ = o.enc.SetMono(!o.wide), o.enc.SetBitrate(bitrate) // which take these
	}
}

// pack encodes what is limited.
func (o *output) pack(samples []float32) error {
	n, err := o.enc.Encode(o.buf[:], samples)
	o.payload[0] = o.buf[:n]
	if o.unit != nil {
		o.unit.Release()
	}
	o.unit = o.pool.Put(o.payload[:])
	return err
}

// hear makes the stream for what is heard in its next block: so many voices, of which some are
// music.
func (o *output) hear(voices, music int) {
	if o.signal.hear(voices, music) {
		_ = o.enc.SetSignal(o.signal.opus()) // which takes both
	}
}

// write sends what was encoded last.
func (o *output) write(d media.SoundStream, at stamp) {
	if len(o.payload[0]) > 0 {
		d.Write(packet.Packets{Payloads: o.unit.Payloads(), Buffer: o.unit, Timestamp: at.samples, At: at.at, Key: true}, time.Now())
	}
}

// tuneFEC makes the stream for a fraction lost.
func (o *output) tuneFEC(lost float64) {
	percent := fecLossFor(o.fecLoss, lost)
	if percent == o.fecLoss {
		return
	}
	if err := o.enc.SetPacketLoss(percent); err == nil {
		o.fecLoss = percent
	}
}
