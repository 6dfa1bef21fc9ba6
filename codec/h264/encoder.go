package h264

import (
	"errors"
	"fmt"
	"image"
	"runtime"
	"time"
	"unsafe"

	openh264 "github.com/y9o/go-openh264"

	"tilemix/codec"
)

// Encoder is an OpenH264 encoder. It is not safe for concurrent use.
type Encoder struct {
	c        *openh264.ISVCEncoder // nil after Close
	size     image.Point
	pic      sourcePicture
	info     frameInfo
	au       []byte // the last access unit
	pin      runtime.Pinner
	forceKey bool
}

// NewEncoder returns an encoder of constrained baseline at the lowest level
// that holds cfg. It fails for a size that is odd or under 16 pixels, for a
// frame rate or bitrate that is not positive, and for what no level holds.
func NewEncoder(cfg codec.VideoConfig) (*Encoder, error) {
	if openh264.WelsCreateSVCEncoder == nil {
		return nil, ErrNotOpen
	}
	lv, err := levelFor(cfg)
	if err != nil {
		return nil, err
	}
	e := &Encoder{size: image.Pt(cfg.Width, cfg.Height)}
	if ret := openh264.WelsCreateSVCEncoder(&e.c); ret != 0 || e.c == nil {
		return nil, fmt.Errorf("h264: create encoder: code %d", ret)
	}
	quiet := openh264.WELS_LOG_QUIET
	e.c.SetOption(openh264.ENCODER_OPTION_TRACE_LEVEL, &quiet)
	param := extendedParams{SEncParamExt: *encoderParams(cfg, lv)}
	if ret := e.c.InitializeExt(&param.SEncParamExt); ret != openh264.CmResultSuccess {
		openh264.WelsDestroySVCEncoder(e.c)
		return nil, fmt.Errorf("h264: initialize encoder %dx%d: code %d", cfg.Width, cfg.Height, ret)
	}
	e.pic.IColorFormat = openh264.VideoFormatI420
	e.pic.IPicWidth, e.pic.IPicHeight = int32(cfg.Width), int32(cfg.Height)
	e.info.wide = hasPSNR(loaded())
	return e, nil
}

// Encode encodes img as the codec package says. The access unit starts with
// the parameter sets when it is an IDR.
func (e *Encoder) Encode(img *image.YCbCr, pts time.Duration) (codec.AccessUnit, error) {
	if e.c == nil {
		return codec.AccessUnit{}, codec.ErrClosed
	}
	if err := e.check(img); err != nil {
		return codec.AccessUnit{}, err
	}
	if e.forceKey {
		if ret := e.c.ForceIntraFrame(true); ret != 0 {
			return codec.AccessUnit{}, fmt.Errorf("h264: force key frame: code %d", ret)
		}
	}
	if ret := e.call(img, pts); ret != openh264.CmResultSuccess {
		return codec.AccessUnit{}, fmt.Errorf("h264: encode: code %d", ret)
	}
	e.collect()
	key := e.info.frameType() == openh264.VideoFrameTypeIDR
	if key {
		e.forceKey = false
	}
	return codec.AccessUnit{Data: e.au, Key: key}, nil
}

// call runs the library on img, whose planes are pinned as long.
func (e *Encoder) call(img *image.YCbCr, pts time.Duration) int {
	planes := [3][]byte{img.Y, img.Cb, img.Cr}
	for i, p := range planes {
		e.pic.PData[i] = unsafe.SliceData(p)
		e.pin.Pin(e.pic.PData[i])
	}
	e.pic.IStride = [4]int32{int32(img.YStride), int32(img.CStride), int32(img.CStride)}
	e.pic.UiTimeStamp = pts.Milliseconds()
	ret := e.c.EncodeFrame(&e.pic.SSourcePicture, e.info.c())
	e.pin.Unpin()
	e.pic.PData = [4]*uint8{}
	return ret
}

// check says whether img can be handed to C, which reads without bounds.
func (e *Encoder) check(img *image.YCbCr) error {
	size := img.Rect.Size()
	if size != e.size {
		return fmt.Errorf("h264: picture is %v, encoder is %v", size, e.size)
	}
	if img.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		return fmt.Errorf("h264: picture is %v, not 4:2:0", img.SubsampleRatio)
	}
	cw, ch := size.X/2, size.Y/2
	if img.YStride < size.X || img.CStride < cw ||
		len(img.Y) < (size.Y-1)*img.YStride+size.X ||
		min(len(img.Cb), len(img.Cr)) < (ch-1)*img.CStride+cw {
		return errors.New("h264: picture's planes are shorter than its size")
	}
	return nil
}

// collect copies the NAL units of all layers into e.au.
func (e *Encoder) collect() {
	e.au = e.au[:0]
	if e.info.frameType() == openh264.VideoFrameTypeSkip {
		return
	}
	for i := range e.info.layers() {
		layer := e.info.layer(i)
		var n int32
		for _, l := range unsafe.Slice(layer.PNalLengthInByte, layer.INalCount) {
			n += l
		}
		e.au = append(e.au, unsafe.Slice(layer.PBsBuf, n)...)
	}
}

// ForceKeyFrame makes the next access unit an IDR.
func (e *Encoder) ForceKeyFrame() { e.forceKey = true }

// SetBitrate changes the target to bps bits a second from the next picture on.
func (e *Encoder) SetBitrate(bps int) error {
	if e.c == nil {
		return codec.ErrClosed
	}
	if bps <= 0 || bps > maxBitrate {
		return fmt.Errorf("h264: bitrate %d is out of range", bps)
	}
	info := &openh264.SBitrateInfo{ILayer: openh264.SPATIAL_LAYER_ALL, IBitrate: int32(bps)}
	if ret := e.c.SetOption(openh264.ENCODER_OPTION_BITRATE, (*int)(unsafe.Pointer(info))); ret != 0 {
		return fmt.Errorf("h264: set bitrate %d: code %d", bps, ret)
	}
	return nil
}

// Close frees the encoder and the memory of its last access unit.
func (e *Encoder) Close() error {
	if e.c == nil {
		return nil
	}
	e.c.Uninitialize()
	openh264.WelsDestroySVCEncoder(e.c)
	*e = Encoder{}
	return nil
}
