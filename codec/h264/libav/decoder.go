// Package libav decodes H.264 with libavcodec, the decoder of FFmpeg.
//
// [Open] loads the library when the program runs, so the program needs none to be built. It knows libavcodec 59 of
// FFmpeg 5 (Debian 12) and 60 of FFmpeg 6 (Ubuntu 24.04). Both are used by functions and named options
// alone, and by those fields of AVFrame that are at the same place in both; libav.c has them.
//
// libavcodec needs less of the processor than OpenH264, puts each picture out at once unless the stream has B
// pictures, and reads interlaced pictures, pictures of more than 8 bits, and 4:2:2 and 4:4:4. A [Decoder]
// turns those into 8 bits and 4:2:0.
package libav

/*
#cgo LDFLAGS: -ldl
#cgo noescape libav_decode
#cgo nocallback libav_decode
#include "libav.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"image"
	"runtime"
	"unsafe"

	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/yuv"
)

// ErrNotOpen is returned by NewDecoder before Open has succeeded.
var ErrNotOpen = errors.New("libav: libavcodec is not loaded")

// These come once for each access unit of a broken stream, so they are made beforehand.
var (
	errNoIDR   = fmt.Errorf("libav: no IDR to start from: %w", codec.ErrCorrupt)
	errDamaged = fmt.Errorf("libav: access unit cannot be decoded: %w", codec.ErrCorrupt)
)

// Open loads libavcodec. It is called once, before the first constructor, and is not safe for concurrent use.
func Open() error {
	runtime.LockOSThread() // a thread knows of its own errors alone (dlerror)
	defer runtime.UnlockOSThread()
	var why [256]C.char
	if C.libav_open(&why[0], C.size_t(len(why))) != 0 {
		return fmt.Errorf("libav: cannot load libavcodec 59 or 60 (install libavcodec59 or libavcodec60): %s", C.GoString(&why[0]))
	}
	return nil
}

// Version returns the version of libavcodec that is loaded, such as 59.37, or "".
func Version() string {
	v := uint(C.libav_version())
	if v == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d", v>>16, v>>8&0xff)
}

var errNoDecoder = errors.New("libav: libavcodec makes no decoder")

// anyPixels is what libavcodec takes by itself, where no limit is smaller.
const anyPixels = 8192 * 4320

// Decoder is a decoder of libavcodec. It is not safe for concurrent use.
type Decoder struct {
	c      *C.struct_libav // nil after Close
	gate   *h264.Gate
	got    C.struct_libav_picture
	pic    image.YCbCr // the last picture, in C's memory or in made
	made   image.YCbCr // what was made of a picture of another kind
	lost   bool        // nothing can be shown before an IDR
	hurt   bool        // the library has failed and gets a new start
	pixels int
}

// NewDecoder returns a decoder that is held to limits. It costs next to nothing before it decodes. It conceals
// nothing: what cannot be decoded is refused. A stream that is over the limits gives
// limit.ErrTooLarge or limit.ErrNoMemory at each of its IDRs.
func NewDecoder(limits limit.Limits) (*Decoder, error) {
	pixels := anyPixels
	if limits.Pixels > 0 {
		pixels = min(pixels, limits.Pixels)
	}
	if C.libav_version() == 0 {
		return nil, ErrNotOpen
	}
	c := C.libav_new(C.int64_t(pixels))
	if c == nil {
		return nil, errNoDecoder
	}
	return &Decoder{c: c, gate: h264.NewGate(limits), lost: true, pixels: pixels}, nil
}

// Decode decodes one access unit as the codec package says. After an error it refuses everything up to the
// next access unit with an IDR.
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

// Colour returns what the last sequence parameter set says of colours.
func (d *Decoder) Colour() yuv.Colour { return d.gate.Colour() }

func (d *Decoder) decode(au []byte) (*image.YCbCr, error) {
	has, err := d.gate.Pass(au)
	if err != nil {
		return nil, err
	}
	if d.lost && has.Slices && !has.IDR {
		return nil, errNoIDR
	}
	if d.lost && has.IDR {
		if err := d.renew(); err != nil {
			return nil, err
		}
	}
	switch ret := C.libav_decode(d.c, (*C.uint8_t)(unsafe.SliceData(au)), C.int(len(au)), &d.got); {
	case ret == C.LIBAV_PICTURE:
		d.lost = d.lost && !has.IDR
		return d.picture(), nil
	case ret != C.LIBAV_NONE, has.Slices && !has.Late:
		d.hurt = true
		return nil, errDamaged
	}
	d.lost = d.lost && !has.IDR
	return nil, nil
}

// renew has the library forget all pictures. After a fault it gets a new start, because it decodes the next
// IDR wrongly otherwise.
func (d *Decoder) renew() error {
	if d.hurt {
		c := C.libav_new(C.int64_t(d.pixels))
		if c == nil {
			return errNoDecoder
		}
		C.libav_free(d.c)
		d.c, d.hurt = c, false
	} else {
		C.libav_flush(d.c)
	}
	return d.gate.Renew()
}

// picture returns what the library put out, in 8 bits and 4:2:0.
func (d *Decoder) picture() *image.YCbCr {
	w, h := int(d.got.width), int(d.got.height)
	if d.got.bits != 8 || d.got.colours == 0 || d.got.across == 0 || d.got.down == 0 {
		return d.convert(w, h)
	}
	stride, cstride := int(d.got.stride[0]), int(d.got.stride[1])
	cw, ch := (w+1)/2, (h+1)/2
	d.pic = image.YCbCr{
		Y:              d.plane(0, (h-1)*stride+w),
		Cb:             d.plane(1, (ch-1)*cstride+cw),
		Cr:             d.plane(2, (ch-1)*cstride+cw),
		YStride:        stride,
		CStride:        cstride,
		SubsampleRatio: image.YCbCrSubsampleRatio420,
		Rect:           image.Rect(0, 0, w, h),
	}
	return &d.pic
}

// plane returns the bytes of a plane.
func (d *Decoder) plane(i, size int) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(d.got.plane[i])), size)
}

// Close frees the decoder and the memory of its last picture.
func (d *Decoder) Close() error {
	if d.c != nil {
		C.libav_free(d.c)
		d.gate.Close()
		*d = Decoder{}
	}
	return nil
}
