package mcu

import (
	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/vp8"
)

// videoCodecs makes the encoders and decoders that run in this process: media.VideoCodecs.
type videoCodecs struct{}

// NewEncoder returns an encoder of a codec, which the caller closes.
func (videoCodecs) NewEncoder(kind codec.Kind, cfg codec.VideoConfig) (codec.VideoEncoder, error) {
	if kind == codec.VP8 {
		return vp8.NewEncoder(cfg)
	}
	return h264.NewEncoder(cfg)
}

// NewDecoder returns a decoder of a codec, which the caller closes.
func (videoCodecs) NewDecoder(kind codec.Kind) (codec.VideoDecoder, error) {
	if kind == codec.VP8 {
		return vp8.NewDecoder()
	}
	return h264.NewDecoder()
}
