package vp8

/*
#cgo pkg-config: vpx
#cgo noescape vp8_encoder_encode
#cgo nocallback vp8_encoder_encode
#include "encoder.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"image"
	"time"
	"unsafe"

	"tilemix/codec"
)

const (
	// clock is the rate of timestamps, in Hz.
	clock = 90_000
	// maxStep is the longest time that one picture is taken to last, in pictures
	// at the configured rate. The rate control gives a picture as many bits as its
	// time is worth: after a second without any, the next one would have a
	// second's.
	maxStep = 4
	// maxSide bounds a picture's sides (RFC 6386 §9.1).
	maxSide = 1<<14 - 1
	// maxBitrate is far above what any picture needs, in bits a second.
	maxBitrate = 240_000_000
)

// Encoder is a libvpx encoder. It is not safe for concurrent use.
type Encoder struct {
	c        *C.vp8_encoder // nil after Close
	size     image.Point
	period   int64 // of a picture at the configured rate, in ticks of clock
	last     int64 // what the last picture's pts was, in ticks
	now      int64 // what libvpx was told
	started  bool
	forceKey bool
}

// NewEncoder returns an encoder. It takes odd sizes. It fails for a size, frame
// rate or bitrate that is not positive, and for a picture of more than 4096x2304
// pixels.
func NewEncoder(cfg codec.VideoConfig) (*Encoder, error) {
	if !fits(cfg.Width, cfg.Height) {
		return nil, fmt.Errorf("vp8: size %dx%d is out of range", cfg.Width, cfg.Height)
	}
	if cfg.FrameRate <= 0 || cfg.FrameRate > 1000 || cfg.Bitrate <= 0 || cfg.Bitrate > maxBitrate {
		return nil, fmt.Errorf("vp8: frame rate %d or bitrate %d is out of range", cfg.FrameRate, cfg.Bitrate)
	}
	e := &Encoder{size: image.Pt(cfg.Width, cfg.Height), period: int64(clock / cfg.FrameRate)}
	e.c = C.vp8_encoder_new(C.int(cfg.Width), C.int(cfg.Height), kbps(cfg.Bitrate))
	if e.c == nil {
		return nil, fmt.Errorf("vp8: libvpx makes no encoder of %dx%d", cfg.Width, cfg.Height)
	}
	return e, nil
}

// kbps is a bitrate as libvpx counts.
func kbps(bps int) C.int { return C.int(max((bps+500)/1000, 1)) }

// fits tells whether a picture has a size that is encoded and decoded.
func fits(w, h int) bool {
	return w > 0 && h > 0 && w <= maxSide && h <= maxSide && w*h <= 4096*2304
}

// Encode encodes img as the codec package says.
func (e *Encoder) Encode(img *image.YCbCr, pts time.Duration) (codec.AccessUnit, error) {
	if e.c == nil {
		return codec.AccessUnit{}, codec.ErrClosed
	}
	if err := e.check(img); err != nil {
		return codec.AccessUnit{}, err
	}
	e.advance(pts)
	var force C.int
	if e.forceKey {
		force = 1
	}
	code := C.vp8_encoder_encode(e.c,
		(*C.uint8_t)(unsafe.SliceData(img.Y)),
		(*C.uint8_t)(unsafe.SliceData(img.Cb)),
		(*C.uint8_t)(unsafe.SliceData(img.Cr)),
		C.int(img.YStride), C.int(img.CStride), C.int64_t(e.now), C.ulong(e.period), force)
	if code != 0 {
		return codec.AccessUnit{}, fmt.Errorf("vp8: encode: code %d", code)
	}
	if e.c.data == nil {
		return codec.AccessUnit{}, nil
	}
	key := e.c.key != 0
	if key {
		e.forceKey = false
	}
	return codec.AccessUnit{Data: unsafe.Slice((*byte)(e.c.data), int(e.c.size)), Key: key}, nil
}

// advance moves libvpx's clock to a picture's time, no further than maxStep.
func (e *Encoder) advance(pts time.Duration) {
	at := int64(pts) * clock / int64(time.Second)
	if e.started {
		e.now += min(max(at-e.last, 1), maxStep*e.period)
	}
	e.last, e.started = at, true
}

// check says whether img can be handed to C, which reads without bounds.
func (e *Encoder) check(img *image.YCbCr) error {
	size := img.Rect.Size()
	if size != e.size {
		return fmt.Errorf("vp8: picture is %v, encoder is %v", size, e.size)
	}
	if img.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		return fmt.Errorf("vp8: picture is %v, not 4:2:0", img.SubsampleRatio)
	}
	cw, ch := (size.X+1)/2, (size.Y+1)/2
	if img.YStride < size.X || img.CStride < cw ||
		len(img.Y) < (size.Y-1)*img.YStride+size.X ||
		min(len(img.Cb), len(img.Cr)) < (ch-1)*img.CStride+cw {
		return errors.New("vp8: picture's planes are shorter than its size")
	}
	return nil
}

// ForceKeyFrame makes the next access unit a key frame.
func (e *Encoder) ForceKeyFrame() { e.forceKey = true }

// SetBitrate changes the target to bps bits a second from the next picture on.
func (e *Encoder) SetBitrate(bps int) error {
	if e.c == nil {
		return codec.ErrClosed
	}
	if bps <= 0 || bps > maxBitrate {
		return fmt.Errorf("vp8: bitrate %d is out of range", bps)
	}
	if code := C.vp8_encoder_set_bitrate(e.c, kbps(bps)); code != 0 {
		return fmt.Errorf("vp8: set bitrate %d: code %d", bps, code)
	}
	return nil
}

// Close frees the encoder and the memory of its last access unit.
func (e *Encoder) Close() error {
	if e.c == nil {
		return nil
	}
	C.vp8_encoder_free(e.c)
	*e = Encoder{}
	return nil
}
