package mcu

import (
	"fmt"
	"time"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/packet"
	"tilemix/mcu/rtc/send"
)

// maxPacket is the longest Opus packet, in bytes (RFC 6716 §3.4).
const maxPacket = 1275

// ear is what one listener, or all who are silent, hear: an encoder and what
// belongs to its stream.
type ear struct {
	enc     *opus.Encoder
	limiter pcm.Limiter
	buf     [maxPacket]byte
	payload [1][]byte
	pool    packet.UnitPool
	unit    *packet.PayloadBuffer // the payload, for all who hear it
	mended  int                   // the loss that it is made for, in per cent
}

func newEar(bitrate int) (*ear, error) {
	enc, err := opus.NewEncoder(bitrate)
	if err != nil {
		return nil, fmt.Errorf("make an ear: %w", err)
	}
	return &ear{enc: enc}, nil
}

// copy makes e go on from where from is, so that a decoder hears no seam.
func (e *ear) copy(from *ear) {
	e.enc.CopyState(from.enc)
	e.limiter, e.mended = from.limiter, from.mended
}

// encode limits b in place and encodes it.
func (e *ear) encode(b *pcm.Block) error {
	e.limiter.Apply(b)
	n, err := e.enc.Encode(e.buf[:], b[:])
	e.payload[0] = e.buf[:n]
	if e.unit != nil {
		e.unit.Release()
	}
	e.unit = e.pool.Put(e.payload[:])
	return err
}

// write sends what was encoded last.
func (e *ear) write(d *send.Downlink, timestamp uint32, at time.Time) {
	if len(e.payload[0]) > 0 {
		d.Write(packet.Packets{Payloads: e.unit.Payloads(), Buffer: e.unit, Timestamp: timestamp, At: at, Key: true}, time.Now())
	}
}
