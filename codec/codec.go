// Package codec says what an encoder and a decoder are. It knows bytes and
// memory and nothing of time, goroutines or networks: every call is
// synchronous, every object belongs to one goroutine, and Close frees what C
// holds.
//
// The codecs themselves are in the folders below: h264 (OpenH264), vp8 (libvpx) and
// opus (libopus). Pictures are image.YCbCr in 4:2:0 (see yuv), sound is float32 at 48 kHz
// (see pcm), mono, or stereo where a codec says so. codectest is the one conformance suite that all of them
// pass.
package codec

import (
	"errors"
	"image"
	"time"

	"tilemix/codec/yuv"
)

// ErrCorrupt is returned by decoders for input that gives no picture or sound. The
// decoder stays usable: a video decoder shows pictures again from the next good
// IDR on, an audio decoder from the next good packet.
var ErrCorrupt = errors.New("corrupt data")

// ErrClosed is returned by every method of a codec after Close.
var ErrClosed = errors.New("codec is closed")

// Kind says which codec an access unit is of.
type Kind uint8

// The kinds of pictures. The zero value is none.
const (
	H264 Kind = iota + 1
	VP8
	Kinds = iota + 1 // how many there are, with none
)

// String returns the codec's name.
func (k Kind) String() string {
	switch k {
	case H264:
		return "H.264"
	case VP8:
		return "VP8"
	}
	return "none"
}

// AccessUnit is one encoded picture (H.264: Annex B, all NAL units of the
// picture, parameter sets in front of every IDR; VP8: one frame).
type AccessUnit struct {
	// Data belongs to the encoder and is valid until its next call. It is
	// empty when the encoder's rate control skipped the picture.
	Data []byte
	// Key says that decoding can start here.
	Key bool
}

// VideoConfig is what a video encoder is made for.
type VideoConfig struct {
	Width, Height int // pixels, even
	FrameRate     int // pictures a second
	Bitrate       int // bits a second
}

// VideoEncoder turns pictures into access units.
type VideoEncoder interface {
	// Encode encodes img, which is of the configured size and is not kept. pts
	// counts from the start of the stream and rises with every call.
	Encode(img *image.YCbCr, pts time.Duration) (AccessUnit, error)
	// Close frees the encoder. A second Close does nothing.
	Close() error
}

// KeyFrameForcer is a VideoEncoder whose next access unit can be made a key
// frame (H.264: an IDR).
type KeyFrameForcer interface{ ForceKeyFrame() }

// VideoDecoder turns access units into pictures.
type VideoDecoder interface {
	// Decode decodes one access unit. The picture belongs to the decoder and is
	// valid until its next call; its stride is wider than its width. It is nil
	// without an error when the decoder needs more data. Input that cannot be
	// decoded gives an error that wraps ErrCorrupt.
	Decode(au []byte) (*image.YCbCr, error)
	// Close frees the decoder. A second Close does nothing.
	Close() error
}

// LossMarker is a VideoDecoder that can be told that access units are missing.
// From then on it refuses, with ErrCorrupt, whatever comes before the next IDR.
type LossMarker interface{ MarkLoss() }

// ColourTeller is a VideoDecoder whose streams say how their samples stand for
// colours. It tells of the stream as of the last Decode. Pictures of other decoders are
// BT.601 in limited range.
type ColourTeller interface{ Colour() yuv.Colour }

// AudioEncoder turns 20 ms blocks of mono 48 kHz sound into packets.
type AudioEncoder interface {
	// Encode encodes one block of pcm.Samples samples into dst and returns the
	// number of bytes written.
	Encode(dst []byte, block []float32) (int, error)
	// Close frees the encoder. A second Close does nothing.
	Close() error
}

// AudioDecoder turns packets into mono 48 kHz sound.
type AudioDecoder interface {
	// Decode decodes one packet into dst, which must hold 120 ms (5760
	// samples), and returns the number of samples written.
	Decode(dst []float32, packet []byte) (int, error)
	// Recover fills dst, which is exactly as long as what was lost, from the
	// FEC data in next, the packet that follows the loss, or conceals the loss
	// where next is nil or has none.
	Recover(dst []float32, next []byte) error
	// Close frees the decoder. A second Close does nothing.
	Close() error
}
