package vp8

/*
#cgo pkg-config: vpx
#cgo noescape vp8_decoder_decode
#cgo nocallback vp8_decoder_decode
#include "decoder.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"image"
	"unsafe"

	"tilemix/codec"
	"tilemix/codec/limit"
)

// maxAccessUnit is more than any frame needs, in bytes.
const maxAccessUnit = 4 << 20

// pictures is how many libvpx keeps: the last, the golden and the alternate one (RFC 6386 §9.7),
// and the one that it works on.
const pictures = 4

// These come once for each access unit of a broken stream, so they are made
// beforehand.
var (
	errHeader   = fmt.Errorf("vp8: no frame, or one cut short: %w", codec.ErrCorrupt)
	errTooLong  = fmt.Errorf("vp8: frame is too long: %w", codec.ErrCorrupt)
	errTooLarge = fmt.Errorf("vp8: picture is empty or too large: %w", codec.ErrCorrupt)
	errNoKey    = fmt.Errorf("vp8: no key frame to start from: %w", codec.ErrCorrupt)
	errDamaged  = fmt.Errorf("vp8: frame cannot be decoded: %w", codec.ErrCorrupt)
)

var errNoDecoder = errors.New("vp8: libvpx makes no decoder")

// Decoder is a libvpx decoder. It is not safe for concurrent use.
type Decoder struct {
	c    *C.vp8_decoder // nil after Close
	pic  image.YCbCr    // the last picture, in C's memory
	lost bool           // nothing can be shown before a key frame
	hurt bool           // libvpx has failed and gets a new start

	limits limit.Limits
	claim  limit.Claim // of the largest stream since libvpx began anew
}

// NewDecoder returns a decoder without error concealment, which is held to limits. A stream that is
// over the limits gives limit.ErrTooLarge or limit.ErrNoMemory at each of its key frames.
func NewDecoder(limits limit.Limits) (*Decoder, error) {
	c := C.vp8_decoder_new()
	if c == nil {
		return nil, errNoDecoder
	}
	return &Decoder{c: c, lost: true, limits: limits}, nil
}

// Decode decodes one access unit as the codec package says. After an error it
// refuses everything up to the next key frame. A frame that is not to be shown
// gives no picture and no error.
func (d *Decoder) Decode(au []byte) (*image.YCbCr, error) {
	if d.c == nil {
		return nil, codec.ErrClosed
	}
	pic, err := d.decode(au)
	if err != nil {
		d.lost = true
		return nil, err
	}
	return pic, nil
}

// MarkLoss tells that access units are missing before the next one.
func (d *Decoder) MarkLoss() { d.lost = true }

func (d *Decoder) decode(au []byte) (*image.YCbCr, error) {
	if len(au) > maxAccessUnit {
		return nil, errTooLong
	}
	h, ok := parse(au)
	switch {
	case !ok:
		return nil, errHeader
	case h.key && !fits(h.width, h.height):
		// libvpx allocates whatever ten bytes ask for.
		return nil, errTooLarge
	case !h.key && d.lost:
		return nil, errNoKey
	}
	if d.hurt {
		if err := d.reset(); err != nil {
			return nil, err
		}
	}
	if h.key {
		if err := d.claim.Raise(d.limits, h.width, h.height, pictures); err != nil {
			return nil, err
		}
	}
	if C.vp8_decoder_decode(d.c, (*C.uint8_t)(unsafe.SliceData(au)), C.uint(len(au))) != 0 {
		d.hurt = true
		return nil, errDamaged
	}
	pic := d.picture()
	if pic == nil && h.shown {
		return nil, errDamaged
	}
	d.lost = false
	return pic, nil
}

// reset gives libvpx a new start, so that nothing of a broken stream stays.
func (d *Decoder) reset() error {
	c := C.vp8_decoder_new()
	if c == nil {
		return errNoDecoder
	}
	C.vp8_decoder_free(d.c)
	d.c, d.hurt = c, false
	d.claim.Release()
	return nil
}

// picture returns what libvpx put out, or nil. The slices end with the picture's
// last pixel.
func (d *Decoder) picture() *image.YCbCr {
	mem := d.c.image
	if mem == nil {
		return nil
	}
	w, h := int(mem.d_w), int(mem.d_h)
	stride, cstride := int(mem.stride[0]), int(mem.stride[1])
	cw, ch := (w+1)/2, (h+1)/2
	d.pic = image.YCbCr{
		Y:              unsafe.Slice((*byte)(mem.planes[0]), (h-1)*stride+w),
		Cb:             unsafe.Slice((*byte)(mem.planes[1]), (ch-1)*cstride+cw),
		Cr:             unsafe.Slice((*byte)(mem.planes[2]), (ch-1)*cstride+cw),
		YStride:        stride,
		CStride:        cstride,
		SubsampleRatio: image.YCbCrSubsampleRatio420,
		Rect:           image.Rect(0, 0, w, h),
	}
	return &d.pic
}

// Close frees the decoder and the memory of its last picture.
func (d *Decoder) Close() error {
	if d.c == nil {
		return nil
	}
	C.vp8_decoder_free(d.c)
	d.claim.Release()
	*d = Decoder{}
	return nil
}
