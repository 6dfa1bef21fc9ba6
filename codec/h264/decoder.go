package h264

import (
	"fmt"
	"image"
	"runtime"
	"unsafe"

	openh264 "github.com/y9o/go-openh264"

	"tilemix/codec"
	"tilemix/codec/limit"
	"tilemix/codec/yuv"
)

// maxAccessUnit is more than any level lets an access unit of the largest
// picture have; the library's own limit is a little higher.
const maxAccessUnit = 4 << 20

// These come once for each access unit of a broken stream, so they are made
// beforehand.
var (
	errEmpty   = fmt.Errorf("h264: access unit is empty: %w", codec.ErrCorrupt)
	errTooLong = fmt.Errorf("h264: access unit is too long: %w", codec.ErrCorrupt)
	errNoIDR   = fmt.Errorf("h264: no IDR to start from: %w", codec.ErrCorrupt)
	errDamaged = fmt.Errorf("h264: access unit cannot be decoded: %w", codec.ErrCorrupt)
)

// Decoder is an OpenH264 decoder. It is not safe for concurrent use.
//
// Pictures of streams in main and high profile come out one access unit late,
// since the library waits for B pictures, unless the sequence parameter set says that
// there are none to wait for; after the first of those it delays as much as they need.
type Decoder struct {
	c    *openh264.ISVCDecoder // nil after Close
	info openh264.SBufferInfo  // of the last call
	dst  [3][]byte             // what the binding makes of it; not used
	pic  image.YCbCr           // the last picture, in C's memory
	grey []byte                // chroma of pictures that have none
	sps  sps                   // the last one that came
	pin  runtime.Pinner
	end  *int // 1, for the library
	lost bool // nothing can be shown before an IDR
	live bool // the library is initialized
}

// NewDecoder returns a decoder without error concealment, which is held to limits. It costs next
// to nothing before it decodes. A stream that is over the limits gives limit.ErrTooLarge or
// limit.ErrNoMemory at each of its IDRs.
func NewDecoder(limits limit.Limits) (*Decoder, error) {
	if openh264.WelsCreateDecoder == nil {
		return nil, ErrNotOpen
	}
	d := &Decoder{lost: true, end: new(int), sps: sps{limits: limits}}
	*d.end = 1
	if ret := openh264.WelsCreateDecoder(&d.c); ret != 0 || d.c == nil {
		return nil, fmt.Errorf("h264: create decoder: code %d", ret)
	}
	quiet := openh264.WELS_LOG_QUIET
	d.c.SetOption(openh264.DECODER_OPTION_TRACE_LEVEL, &quiet)
	return d, nil
}

// reset gives the library a new start. Left in the middle of a picture, it
// refuses the next one too, even a good IDR.
func (d *Decoder) reset() error {
	if d.live {
		d.c.Uninitialize()
		d.live = false
	}
	if err := d.sps.renew(); err != nil {
		return err
	}
	param := &openh264.SDecodingParam{
		UiTargetDqLayer: 255, // the highest there is
		EEcActiveIdc:    openh264.ERROR_CON_DISABLE,
		SVideoProperty:  openh264.SVideoProperty{EVideoBsType: openh264.VIDEO_BITSTREAM_AVC},
	}
	if ret := d.c.Initialize(param); ret != 0 {
		return fmt.Errorf("h264: initialize decoder: code %d", ret)
	}
	d.live = true
	return nil
}

// Decode decodes one access unit as the codec package says. After an error it
// refuses everything up to the next access unit with an IDR, since the library
// goes on with whatever reference it has.
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

// Colour returns what the last sequence parameter set says of colours: BT.601 in
// limited range where it says nothing, and before the first.
func (d *Decoder) Colour() yuv.Colour { return d.sps.colour }

func (d *Decoder) decode(au []byte) (*image.YCbCr, error) {
	switch {
	case len(au) == 0:
		return nil, errEmpty
	case len(au) > maxAccessUnit:
		return nil, errTooLong
	}
	has, err := inspect(au, &d.sps)
	if err != nil {
		return nil, err
	}
	if d.lost && has.slices && !has.idr {
		return nil, errNoIDR
	}
	if !d.live || d.lost && has.idr && has.sets {
		if err := d.reset(); err != nil {
			return nil, err
		}
	}
	if ret := d.call(au); ret != openh264.DsErrorFree {
		return nil, errDamaged
	}
	pic := d.picture()
	if pic == nil && has.slices && d.sps.late() && d.sps.ordered {
		pic = d.flush()
	}
	// The library resets itself after some faults and says nothing, and it says
	// nothing of slices that it ignores.
	if pic == nil && has.slices && !d.sps.reorders() {
		return nil, errDamaged
	}
	if has.idr {
		d.lost = false
	}
	return pic, nil
}

// call runs the library on au, which is pinned as long.
func (d *Decoder) call(au []byte) int {
	d.info = openh264.SBufferInfo{}
	d.pin.Pin(unsafe.SliceData(au))
	defer d.pin.Unpin()
	return d.c.DecodeFrameNoDelay(au, len(au), &d.dst, &d.info)
}

// flush has the library put out the picture that it keeps.
func (d *Decoder) flush() *image.YCbCr {
	d.c.SetOption(openh264.DECODER_OPTION_END_OF_STREAM, d.end)
	d.info = openh264.SBufferInfo{}
	if d.c.FlushFrame(&d.dst, &d.info) != openh264.DsErrorFree {
		return nil
	}
	return d.picture()
}

// picture returns what the library put out, or nil. The slices are made from
// the pointers and end with the picture's last pixel; the binding's slices
// count rows of the stride from the middle of a cropped picture.
func (d *Decoder) picture() *image.YCbCr {
	mem := d.info.UsrData_sSystemBuffer()
	w, h := int(mem.IWidth), int(mem.IHeight)
	if d.info.IBufferStatus != 1 || d.info.PDst[0] == nil || w <= 0 || h <= 0 {
		return nil
	}
	stride, cstride := int(mem.IStride[0]), int(mem.IStride[1])
	if d.sps.grey {
		return d.luma(d.info.PDst[0], stride, w, h)
	}
	cw, ch := (w+1)/2, (h+1)/2
	d.pic = image.YCbCr{
		Y:              unsafe.Slice(d.info.PDst[0], (h-1)*stride+w),
		Cb:             unsafe.Slice(d.info.PDst[1], (ch-1)*cstride+cw),
		Cr:             unsafe.Slice(d.info.PDst[2], (ch-1)*cstride+cw),
		YStride:        stride,
		CStride:        cstride,
		SubsampleRatio: image.YCbCrSubsampleRatio420,
		Rect:           image.Rect(0, 0, w, h),
	}
	return &d.pic
}

// luma returns a picture without chroma, of a size that the library says. The library leaves in
// the planes of chroma what motion compensation makes of nothing. It also crops twice what the
// set says, as if a sample of chroma were two of luma; that is taken back where it is less than a
// macroblock, because around each picture the library has memory of two.
func (d *Decoder) luma(first *byte, stride, w, h int) *image.YCbCr {
	if s := d.sps.size; s.cropX < 16 && s.cropY < 16 {
		w, h = w+int(s.cropX), h+int(s.cropY)
		first = (*byte)(unsafe.Add(unsafe.Pointer(first), -int(s.left)-int(s.top)*stride))
	}
	cw, ch := (w+1)/2, (h+1)/2
	for len(d.grey) < cw*ch {
		d.grey = append(d.grey, 128)
	}
	d.pic = image.YCbCr{
		Y:              unsafe.Slice(first, (h-1)*stride+w),
		Cb:             d.grey[:cw*ch],
		Cr:             d.grey[:cw*ch],
		YStride:        stride,
		CStride:        cw,
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
	if d.live {
		d.c.Uninitialize()
	}
	openh264.WelsDestroyDecoder(d.c)
	d.sps.claim.Release()
	*d = Decoder{}
	return nil
}
