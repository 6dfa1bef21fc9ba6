package rtc

import (
	"fmt"

	"github.com/pion/webrtc/v4"

	"tilemix/codec"
	"tilemix/codec/table"
)

// audioLevelURI is the header extension of RFC 6464.
const audioLevelURI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

type registration struct {
	params webrtc.RTPCodecParameters
	kind   webrtc.RTPCodecType
}

// codecs lists what is negotiated. The payload types are ours to choose only
// when we offer; in an answer pion takes the offer's, and their order, of what prefer
// leaves of it.
func codecs() []registration {
	feedback := []webrtc.RTCPFeedback{
		{Type: "ccm", Parameter: "fir"},
		{Type: "nack"},
		{Type: "nack", Parameter: "pli"},
		{Type: "transport-cc"},
		{Type: "goog-remb"},
	}
	out := []registration{{webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType:     webrtc.MimeTypeOpus,
			ClockRate:    48000,
			Channels:     2,
			SDPFmtpLine:  "minptime=10;useinbandfec=1;usedtx=1",
			RTCPFeedback: []webrtc.RTCPFeedback{{Type: "transport-cc"}, {Type: "nack"}},
		},
		PayloadType: 111,
	}, webrtc.RTPCodecTypeAudio}}
	pt := webrtc.PayloadType(96)
	video := func(mime, fmtp string) {
		out = append(out, registration{webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType:     mime,
				ClockRate:    90000,
				SDPFmtpLine:  fmtp,
				RTCPFeedback: feedback,
			},
			PayloadType: pt,
		}, webrtc.RTPCodecTypeVideo}, registration{webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType:    webrtc.MimeTypeRTX,
				ClockRate:   90000,
				SDPFmtpLine: fmt.Sprintf("apt=%d", pt),
			},
			PayloadType: pt + 1,
		}, webrtc.RTPCodecTypeVideo})
		pt += 2
	}
	for _, v := range table.Videos() {
		for _, fmtp := range v.Formats {
			video(v.MIME, fmtp)
		}
	}
	return out
}

// pictureKind returns which of the codecs that we speak c is; none is the zero
// value.
func pictureKind(c webrtc.RTPCodecCapability) codec.Kind {
	if v := table.Named(c.MimeType, c.SDPFmtpLine); v != nil {
		return v.Kind
	}
	return 0
}
