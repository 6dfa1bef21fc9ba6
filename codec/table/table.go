// Package table lists the codecs of pictures that the server speaks: a codec is one package under
// codec/, one payload format in codec/payload and one line here.
//
// The order is that of preference: where a client offers several codecs, the server picks the
// first of them that this table has. The rest of the program takes what it needs of a codec from
// its line and names no codec, but where a sink takes H.264 alone.
package table

import (
	"strings"

	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/payload"
	"tilemix/codec/vp8"
)

// Video is a codec of pictures.
type Video struct {
	Kind codec.Kind
	// MIME is the name in SDP and pion, with the media type.
	MIME string
	// Formats are the fmtp lines that are registered, the preferred first.
	Formats []string
	// Takes reports whether the decoder reads what an fmtp line describes.
	Takes func(fmtp string) bool
	// NewSplitter and NewJoiner return the RTP payload format's two halves.
	NewSplitter func() payload.Splitter
	NewJoiner   func() payload.Joiner
	// NewEncoder and NewDecoder return what the caller closes.
	NewEncoder func(codec.VideoConfig) (codec.VideoEncoder, error)
	NewDecoder func(limit.Limits) (codec.VideoDecoder, error)
	// IsKey reports whether decoding can begin with an access unit.
	IsKey func(au []byte) bool
}

var videos = []Video{
	{
		codec.H264, "video/H264", payload.H264Formats(), payload.TakesH264,
		func() payload.Splitter { return &payload.H264Splitter{} },
		func() payload.Joiner { return &payload.H264Joiner{} },
		func(cfg codec.VideoConfig) (codec.VideoEncoder, error) { return h264.NewEncoder(cfg) },
		func(l limit.Limits) (codec.VideoDecoder, error) { return h264.NewDecoder(l) },
		h264.IsIDR,
	},
	{
		codec.VP8, "video/VP8",
		[]string{""},
		func(string) bool { return true },
		func() payload.Splitter { return &payload.VP8Splitter{} },
		func() payload.Joiner { return &payload.VP8Joiner{} },
		func(cfg codec.VideoConfig) (codec.VideoEncoder, error) { return vp8.NewEncoder(cfg) },
		func(l limit.Limits) (codec.VideoDecoder, error) { return vp8.NewDecoder(l) },
		vp8.IsKey,
	},
}

// Videos returns all codecs, the preferred first. The slice is not to be changed.
func Videos() []Video { return videos }

// Of returns the codec of a kind, or nil for a kind that is none.
func Of(kind codec.Kind) *Video {
	for i := range videos {
		if videos[i].Kind == kind {
			return &videos[i]
		}
	}
	return nil
}

// Named returns the codec of a MIME type in any case whose decoder reads what an fmtp line
// describes, or nil.
func Named(mime, fmtp string) *Video {
	for i := range videos {
		if strings.EqualFold(videos[i].MIME, mime) && videos[i].Takes(fmtp) {
			return &videos[i]
		}
	}
	return nil
}
