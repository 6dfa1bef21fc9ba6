package mcu

import (
	"tilemix/codec"
	"tilemix/codec/limit"
	"tilemix/codec/table"
)

// videoCodecs makes the encoders and decoders that run in this process: media.VideoCodecs.
type videoCodecs struct {
	limits limit.Limits // of decoders
}

// NewEncoder returns an encoder of a codec, which the caller closes.
func (videoCodecs) NewEncoder(kind codec.Kind, cfg codec.VideoConfig) (codec.VideoEncoder, error) {
	return table.Of(kind).NewEncoder(cfg)
}

// NewDecoder returns a decoder of a codec, which the caller closes.
func (c videoCodecs) NewDecoder(kind codec.Kind) (codec.VideoDecoder, error) {
	return table.Of(kind).NewDecoder(c.limits)
}
