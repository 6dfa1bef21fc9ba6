package rtctest

import (
	"strings"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/vp8"
)

// format is how the pictures of a codec are made, carried and told apart.
type format struct {
	mime         string
	newEncoder   func(codec.VideoConfig) (codec.VideoEncoder, error)
	newDecoder   func() (codec.VideoDecoder, error)
	newPayloader func() rtp.Payloader
	depacketizer interface{ Unmarshal([]byte) ([]byte, error) }
	isKey        func(au []byte) bool
}

// formatOf returns a format of a MIME type, H.264 or VP8, for one stream.
func formatOf(mime string) format {
	if strings.EqualFold(mime, webrtc.MimeTypeVP8) {
		return format{
			mime:         webrtc.MimeTypeVP8,
			newEncoder:   func(cfg codec.VideoConfig) (codec.VideoEncoder, error) { return vp8.NewEncoder(cfg) },
			newDecoder:   func() (codec.VideoDecoder, error) { return vp8.NewDecoder(limit.Limits{}) },
			newPayloader: func() rtp.Payloader { return &codecs.VP8Payloader{EnablePictureID: true} },
			depacketizer: &codecs.VP8Packet{},
			isKey:        func(au []byte) bool { return len(au) > 0 && au[0]&1 == 0 }, // RFC 6386 §9.1
		}
	}
	return format{
		mime:         webrtc.MimeTypeH264,
		newEncoder:   func(cfg codec.VideoConfig) (codec.VideoEncoder, error) { return h264.NewEncoder(cfg) },
		newDecoder:   func() (codec.VideoDecoder, error) { return h264.NewDecoder(limit.Limits{}) },
		newPayloader: func() rtp.Payloader { return &codecs.H264Payloader{} },
		depacketizer: &codecs.H264Packet{},
		isKey:        hasIDR,
	}
}

// hasIDR looks for a NAL unit of type 5 (H.264 Table 7-1).
func hasIDR(au []byte) bool {
	for i := 3; i < len(au); i++ {
		if au[i-3] == 0 && au[i-2] == 0 && au[i-1] == 1 && au[i]&0x1f == 5 {
			return true
		}
	}
	return false
}
