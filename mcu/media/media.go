// Package media has the handles by which a room's clocks reach what participants send and
// receive: interfaces where a session or a test stands behind, and the few values that a
// clock shares with other goroutines. Nothing here runs.
//
//	session ──▶ Camera, Microphone ──▶ clocks ──▶ PictureStream, SoundStream ──▶ session
//	                                      └─────▶ Attachment ──▶ Sink: recorder, output, broadcast
package media

import (
	"sync/atomic"
	"time"

	"tilemix/codec"
	"tilemix/codec/pcm"
	"tilemix/codec/yuv"
	"tilemix/mcu/packet"
	"tilemix/mcu/rtc/send"
)

// Camera is a video that a participant sends. Picture, Rest and Release belong to the
// picture clock; Lost is safe for concurrent use.
type Camera interface {
	// Picture returns the picture to be shown at now, nil before the first, and whether
	// it is a new one. It stays valid until the next call of Picture or Release.
	Picture(now time.Time) (f *yuv.Frame, fresh bool)
	// Rest drops the pictures that wait, while the clock shows none.
	Rest()
	// Release lets go of all pictures, after the last Picture.
	Release()
	// Lost counts the gaps that no retransmission filled.
	Lost() uint64
}

// Microphone is a sound that a participant sends. It belongs to the sound clock.
type Microphone interface {
	// Pull makes the next block, 20 ms, and returns how loud it is (RFC 6464: 0 is
	// loudest, 127 is silence). It returns false when there is no sound.
	Pull(dst *pcm.Block, now time.Time) (level uint8, ok bool)
	// Close lets go of the decoder, after the last Pull.
	Close() error
}

// StereoMicrophone is a Microphone that may be stereo.
type StereoMicrophone interface {
	Microphone
	// Sides returns what the block of the last Pull leaves out: the left channel is the block +
	// rest + side, the right one the block + rest - side. nil is silence. They are for the caller
	// to change until the next Pull.
	Sides() (side, rest *pcm.Block)
}

// PictureStream is the video that a participant receives. Write, Assign and Waits belong
// to the picture clock; the rest is safe for concurrent use.
type PictureStream interface {
	// Write sends an access unit at now and never blocks. It returns whether the stream took it.
	Write(p packet.Packets, now time.Time) bool
	// Assign has a writer send what is written from now on, or the clock itself: nil.
	Assign(w *send.Writer)
	// Waits tells whether the stream needs a key access unit to begin.
	Waits() bool
	// Codec is what the stream was negotiated for, 0 before.
	Codec() codec.Kind
	// Stats counts what was sent, and what the network path was too narrow for.
	Stats() send.Stats
}

// SoundStream is the sound that a participant receives. Write and Assign belong to the
// sound clock; Loss is safe for concurrent use.
type SoundStream interface {
	// Write sends a block at now and never blocks. It returns whether the stream took it.
	Write(p packet.Packets, now time.Time) bool
	// Assign has a writer send what is written from now on, or the clock itself: nil.
	Assign(w *send.Writer)
	// Loss is the share of packets that the client reports as lost, 0 to 1.
	Loss() float64
}

// Path is the network path to a participant. It is safe for concurrent use.
type Path interface {
	// Estimate is what the path carries, in bits a second, 0 when nobody knows.
	Estimate() int
	// Probe sends more than there is to send, so that the estimate can grow to a rate
	// in bits a second.
	Probe(bps int, now time.Time)
}

// Signals is what a viewer's connection and the picture clock leave for others to read.
// It is safe for concurrent use. The zero value is ready.
type Signals struct {
	keyWanted atomic.Bool
	asked     atomic.Uint64
	rung      atomic.Int32
}

// RequestKeyFrame asks for a key frame of the rendition that the viewer has.
func (f *Signals) RequestKeyFrame() {
	f.keyWanted.Store(true)
	f.asked.Add(1)
}

// KeyFrameRequests returns how often a key frame was asked for.
func (f *Signals) KeyFrameRequests() uint64 { return f.asked.Load() }

// TakeKeyFrameRequest tells whether a key frame was asked for since the last call.
func (f *Signals) TakeKeyFrameRequest() bool { return f.keyWanted.Swap(false) }

// SetRung takes note of the rung of the ladder that the viewer has.
func (f *Signals) SetRung(rung int) { f.rung.Store(int32(rung)) }

// Rung returns the rung that the viewer has; 0, the full picture, before it has any.
func (f *Signals) Rung() int { return int(f.rung.Load()) }

// VideoCodecs makes encoders and decoders of pictures. It is safe for concurrent use.
type VideoCodecs interface {
	NewEncoder(codec.Kind, codec.VideoConfig) (codec.VideoEncoder, error)
	NewDecoder(codec.Kind) (codec.VideoDecoder, error)
}
