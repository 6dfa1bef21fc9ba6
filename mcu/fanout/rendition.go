// Package fanout encodes once and sends to many.
//
//	canvas ──▶ Rendition.Encode ──▶ packetizer ──▶ packet.Packets ──▶ each send.Downlink
//	               ▲
//	     RequestKeyFrame, from any goroutine; at most one IDR a second comes of it
//
// A newcomer begins at the next IDR, or, when the last is less than a second old,
// with a replay of what was encoded since.
package fanout

import (
	"fmt"
	"image"
	"sync/atomic"
	"time"

	"tilemix/codec"
	"tilemix/codec/payload"
	"tilemix/codec/ticks"
	"tilemix/mcu/packet"
	"tilemix/mcu/rtptime"
)

// KeyInterval is the least time between two IDRs that viewers' requests cause.
const KeyInterval = time.Second

// Rendition is one encode of a view. All but RequestKeyFrame is for the
// goroutine of the picture clock.
type Rendition struct {
	enc     codec.VideoEncoder
	split   payload.Splitter
	pool    packet.UnitPool
	unit    *packet.PayloadBuffer // the last
	last    codec.AccessUnit
	wanted  atomic.Bool
	epoch   time.Time // of the timestamps
	lastKey time.Time
	recent  history

	encodes, keys, replays, skipped, bytes atomic.Uint64
}

// RenditionStats counts what a rendition encoded.
type RenditionStats struct {
	Encodes   uint64 // access units
	KeyFrames uint64 // IDRs among them
	Replays   uint64 // newcomers who were served without an IDR
	Skipped   uint64 // pictures that rate control left out, or that came too soon
	Bytes     uint64
}

// NewRendition returns a rendition that owns enc, whose access units split cuts.
// Timestamps count from epoch.
func NewRendition(enc codec.VideoEncoder, split payload.Splitter, epoch time.Time) *Rendition {
	return &Rendition{enc: enc, split: split, epoch: epoch}
}

// RequestKeyFrame asks for an IDR. Requests coalesce. It is safe for concurrent
// use.
func (r *Rendition) RequestKeyFrame() { r.wanted.Store(true) }

// KeyDue tells whether an IDR was asked for and may be made.
func (r *Rendition) KeyDue(now time.Time) bool {
	return r.wanted.Load() && now.Sub(r.lastKey) >= KeyInterval
}

// Encode encodes img, as an IDR if one is due. The packets are valid until the
// next call; there are none when rate control leaves the picture out.
func (r *Rendition) Encode(img *image.YCbCr, now time.Time) (packet.Packets, error) {
	if r.KeyDue(now) {
		if k, ok := r.enc.(codec.KeyFrameForcer); ok {
			k.ForceKeyFrame()
		}
	}
	pts := now.Sub(r.epoch)
	au, err := r.enc.Encode(img, pts)
	if err != nil {
		return packet.Packets{}, fmt.Errorf("encode picture: %w", err)
	}
	if len(au.Data) == 0 {
		r.skipped.Add(1)
		return packet.Packets{}, nil
	}
	r.last = au
	r.encodes.Add(1)
	r.bytes.Add(uint64(len(au.Data)))
	if au.Key {
		r.keys.Add(1)
		r.lastKey = now
		r.wanted.Store(false)
	}
	if r.unit != nil {
		r.unit.Release()
	}
	r.unit = r.pool.Put(r.split.Split(au.Data))
	r.keep(au, now)
	return packet.Packets{
		Payloads:  r.unit.Payloads(),
		Buffer:    r.unit,
		Timestamp: r.timestamp(now),
		At:        now,
		Key:       au.Key,
	}, nil
}

// Last returns the access unit that was encoded last. Its bytes are valid until the
// next call of Encode.
func (r *Rendition) Last() codec.AccessUnit { return r.last }

// KeyAge tells how long ago the last IDR was.
func (r *Rendition) KeyAge(now time.Time) time.Duration { return now.Sub(r.lastKey) }

// Skip counts a picture that could not be encoded, as the one before it still was.
// It is safe for concurrent use.
func (r *Rendition) Skip() { r.skipped.Add(1) }

// keep keeps an access unit for newcomers, as long as it may serve them.
func (r *Rendition) keep(au codec.AccessUnit, now time.Time) {
	if now.Sub(r.lastKey) < KeyInterval {
		r.recent.add(r.unit, len(au.Data), au.Key)
	} else {
		r.recent.clear()
	}
}

// timestamp is that of an instant in RTP, at 90 kHz (RFC 6184 §8.2.1, RFC 7741
// §4.1).
func (r *Rendition) timestamp(t time.Time) uint32 {
	return rtptime.Timestamp(t.Sub(r.epoch), ticks.Video)
}

// Stats returns the counters. It is safe for concurrent use.
func (r *Rendition) Stats() RenditionStats {
	return RenditionStats{
		Encodes:   r.encodes.Load(),
		KeyFrames: r.keys.Load(),
		Replays:   r.replays.Load(),
		Skipped:   r.skipped.Load(),
		Bytes:     r.bytes.Load(),
	}
}

// Close frees the encoder.
func (r *Rendition) Close() error { return r.enc.Close() }
