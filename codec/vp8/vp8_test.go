package vp8_test

import (
	"testing"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/limit"
	"tilemix/codec/vp8"
)

func newEncoder(cfg codec.VideoConfig) (codec.VideoEncoder, error) { return vp8.NewEncoder(cfg) }
func newDecoder() (codec.VideoDecoder, error)                      { return vp8.NewDecoder(limit.Limits{}) }

func TestConformance(t *testing.T) {
	codectest.Video(t, codectest.VideoCodec{
		NewEncoder: newEncoder,
		NewDecoder: newDecoder,
		OddSizes:   true,
		AnyBytes:   true,
	})
}
