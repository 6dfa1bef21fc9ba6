package rtc

import (
	"errors"
	"fmt"
	"testing"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"tilemix/codec"
	"tilemix/mcu/rtc/send"
)

// negotiated is what pion passes to a track when it is negotiated.
type negotiated struct {
	webrtc.TrackLocalContext
	codecs     []webrtc.RTPCodecParameters
	extensions []webrtc.RTPHeaderExtensionParameter
}

func (n negotiated) CodecParameters() []webrtc.RTPCodecParameters           { return n.codecs }
func (n negotiated) HeaderExtensions() []webrtc.RTPHeaderExtensionParameter { return n.extensions }
func (n negotiated) SSRC() webrtc.SSRC                                      { return 7 }
func (n negotiated) SSRCRetransmission() webrtc.SSRC                        { return 1007 }
func (n negotiated) WriteStream() webrtc.TrackLocalWriter                   { return n }
func (n negotiated) RTCPReader() interceptor.RTCPReader                     { return nil }
func (n negotiated) Write(b []byte) (int, error)                            { return len(b), nil }
func (n negotiated) WriteRTP(_ *rtp.Header, p []byte) (int, error)          { return len(p), nil }

func parameters(mime, fmtp string, pt webrtc.PayloadType) webrtc.RTPCodecParameters {
	return webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mime, SDPFmtpLine: fmtp}, PayloadType: pt,
	}
}

// TestBind binds downlinks to what was negotiated of each kind.
func TestBind(t *testing.T) {
	const h264 = "packetization-mode=1"
	vp9, opus := parameters(webrtc.MimeTypeVP9, "", 98), parameters("AUDIO/opus", "", 111)
	rtx := func(of int) webrtc.RTPCodecParameters { return parameters("video/RTX", fmt.Sprintf("apt=%d", of), 127) }
	numbers := []webrtc.RTPHeaderExtensionParameter{{URI: "other", ID: 1}, {URI: sdp.TransportCCURI, ID: 5}}
	for name, c := range map[string]struct {
		kind webrtc.RTPCodecType
		with negotiated
		want send.Binding
	}{
		"picture": {
			webrtc.RTPCodecTypeVideo,
			negotiated{codecs: []webrtc.RTPCodecParameters{vp9, parameters(webrtc.MimeTypeH264, h264, 102), rtx(102)}, extensions: numbers},
			send.Binding{SSRC: 7, PayloadType: 102, RTXSSRC: 1007, RTXPayloadType: 127, TWCCID: 5, Codec: codec.H264},
		},
		"retransmissions of another codec": {
			webrtc.RTPCodecTypeVideo,
			negotiated{codecs: []webrtc.RTPCodecParameters{rtx(98), parameters(webrtc.MimeTypeVP8, "", 96)}},
			send.Binding{SSRC: 7, PayloadType: 96, Codec: codec.VP8},
		},
		"sound": {
			webrtc.RTPCodecTypeAudio,
			negotiated{codecs: []webrtc.RTPCodecParameters{opus}, extensions: numbers[:1]},
			send.Binding{SSRC: 7, PayloadType: 111},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := &localTrack{send.NewVideo(nil), c.kind}
			p, err := l.Bind(c.with)
			if err != nil || uint8(p.PayloadType) != c.want.PayloadType {
				t.Fatalf("bound to %+v: %v", p, err)
			}
			got := *l.Binding()
			if got.Writer == nil {
				t.Error("there is no writer")
			}
			got.Writer = nil
			if got != c.want {
				t.Errorf("%+v, not %+v", got, c.want)
			}
			if l.Kind().String() != l.ID() || l.StreamID() != "mix" || l.RID() != "" {
				t.Errorf("%v %q in %q, %q", l.Kind(), l.ID(), l.StreamID(), l.RID())
			}
		})
	}
	l := &localTrack{send.NewAudio(nil), webrtc.RTPCodecTypeAudio}
	if _, err := l.Bind(negotiated{codecs: []webrtc.RTPCodecParameters{vp9}}); !errors.Is(err, webrtc.ErrUnsupportedCodec) {
		t.Errorf("bound to another codec: %v", err)
	}
}
