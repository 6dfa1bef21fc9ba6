package h264_test

import (
	"fmt"
	"os"
	"testing"

	"tilemix/codec"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
)

func TestMain(m *testing.M) {
	if err := h264.Open(os.Getenv("TILEMIX_OPENH264")); err != nil { // another version may be named
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func newEncoder(cfg codec.VideoConfig) (codec.VideoEncoder, error) { return h264.NewEncoder(cfg) }
func newDecoder() (codec.VideoDecoder, error)                      { return h264.NewDecoder(limit.Limits{}) }

func TestConformance(t *testing.T) {
	codectest.Video(t, codectest.VideoCodec{
		NewEncoder: newEncoder,
		NewDecoder: newDecoder,
		// purego's calls allocate their arguments: the list, the frame for the
		// call, and in the decoder the binding's array of planes.
		EncodeAllocs: 2,
		DecodeAllocs: 3,
	})
}
