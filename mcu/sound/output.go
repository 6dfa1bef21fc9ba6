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

// stamp is when a block begins, in samples and as an instant.
type stamp struct {
	samples uint32
	at      time.Time
}

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
}

func newOutput(bitrate int) (*output, error) {
	enc, err := opus.NewEncoder(bitrate)
	if err != nil {
		return nil, fmt.Errorf("make an encoder of sound: %w", err)
	}
	return &output{enc: enc}, nil
}

// cloneState makes o go on from where from is, so that a decoder hears no seam.
func (o *output) cloneState(from *output) {
	o.enc.CopyState(from.enc)
	o.limiter, o.fecLoss, o.signal = from.limiter, from.fecLoss, from.signal
}

// encode limits b in place and encodes it.
func (o *output) encode(b *pcm.Block) error {
	o.limiter.Apply(b)
	n, err := o.enc.Encode(o.buf[:], b[:])
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
