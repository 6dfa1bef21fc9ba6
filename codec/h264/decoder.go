package h264

import (
	"fmt"
	"image"
	"runtime"
	"unsafe"

	openh264 "github.com/y9o/go-openh264"

	"tilemix/codec"
)

// Decoder is an OpenH264 decoder. It is not safe for concurrent use.
type Decoder struct {
	c    *openh264.ISVCDecoder // nil after Close
	info openh264.SBufferInfo
	dst  [3][]byte
	pic  image.YCbCr // the last picture, in C's memory
	pin  runtime.Pinner
	lost bool // wait for an IDR
}

// NewDecoder returns a decoder without error concealment.
func NewDecoder() (*Decoder, error) {
	if openh264.WelsCreateDecoder == nil {
		return nil, ErrNotOpen
	}
	d := &Decoder{lost: true}
	if ret := openh264.WelsCreateDecoder(&d.c); ret != 0 || d.c == nil {
		return nil, fmt.Errorf("h264: create decoder: code %d", ret)
	}
	quiet := openh264.WELS_LOG_QUIET
	d.c.SetOption(openh264.DECODER_OPTION_TRACE_LEVEL, &quiet)
	param := &openh264.SDecodingParam{
		UiTargetDqLayer: 255,
		EEcActiveIdc:    openh264.ERROR_CON_DISABLE,
		SVideoProperty:  openh264.SVideoProperty{EVideoBsType: openh264.VIDEO_BITSTREAM_AVC},
	}
	if ret := d.c.Initialize(param); ret != 0 {
		openh264.WelsDestroyDecoder(d.c)
		return nil, fmt.Errorf("h264: initialize decoder: code %d", ret)
	}
	return d, nil
}

// Decode decodes one access unit as the codec package says. After an error
// every access unit is refused until one with an IDR.
func (d *Decoder) Decode(au []byte) (*image.YCbCr, error) {
	if d.c == nil {
		return nil, codec.ErrClosed
	}
	if len(au) == 0 {
		return nil, fmt.Errorf("h264: empty access unit: %w", codec.ErrCorrupt)
	}
	d.info = openh264.SBufferInfo{}
	d.pin.Pin(unsafe.SliceData(au))
	ret := d.c.DecodeFrameNoDelay(au, len(au), &d.dst, &d.info)
	d.pin.Unpin()
	if ret != openh264.DsErrorFree {
		return nil, fmt.Errorf("h264: decode: state %#x: %w", ret, codec.ErrCorrupt)
	}
	return d.picture(), nil
}

// picture returns what the library put out, or nil. The slices are made here
// because the binding's end beyond the last row of a cropped picture.
func (d *Decoder) picture() *image.YCbCr {
	mem := d.info.UsrData_sSystemBuffer()
	if d.info.IBufferStatus != 1 || d.info.PDst[0] == nil {
		return nil
	}
	w, h := int(mem.IWidth), int(mem.IHeight)
	stride, cstride := int(mem.IStride[0]), int(mem.IStride[1])
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

// Close frees the decoder and the memory of its last picture.
func (d *Decoder) Close() error {
	if d.c == nil {
		return nil
	}
	d.c.Uninitialize()
	openh264.WelsDestroyDecoder(d.c)
	*d = Decoder{}
	return nil
}
