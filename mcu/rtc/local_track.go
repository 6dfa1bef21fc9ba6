package rtc

import (
	"fmt"
	"strings"
	"time"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtc/offer"
	"tilemix/mcu/rtc/send"
)

// localTrack is a downlink as pion sees it: it binds the downlink to what was
// negotiated. It implements webrtc.TrackLocal.
type localTrack struct {
	*send.Downlink
	kind webrtc.RTPCodecType
}

// Bind is called by pion when the track is negotiated.
func (l *localTrack) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	for _, p := range c.CodecParameters() {
		kind := pictureKind(p.RTPCodecCapability)
		if l.kind == webrtc.RTPCodecTypeVideo && kind != 0 ||
			l.kind == webrtc.RTPCodecTypeAudio && strings.EqualFold(p.MimeType, webrtc.MimeTypeOpus) {
			to := send.Binding{Writer: c.WriteStream(), SSRC: uint32(c.SSRC()), PayloadType: uint8(p.PayloadType), Codec: kind, Stereo: offer.TakesStereo(p.SDPFmtpLine)}
			to.RTXSSRC, to.RTXPayloadType = retransmissions(c, p.PayloadType)
			for _, x := range c.HeaderExtensions() {
				if x.URI == sdp.TransportCCURI {
					to.TWCCID = uint8(x.ID)
				}
			}
			l.Downlink.Bind(to)
			return p, nil
		}
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

// retransmissions returns the SSRC and payload type of the retransmissions of a payload
// type (RFC 4588 §8.6), or zeros.
func retransmissions(c webrtc.TrackLocalContext, of webrtc.PayloadType) (ssrc uint32, pt uint8) {
	apt := fmt.Sprintf("apt=%d", of)
	for _, codec := range c.CodecParameters() {
		if strings.EqualFold(codec.MimeType, webrtc.MimeTypeRTX) && codec.SDPFmtpLine == apt {
			ssrc, pt = uint32(c.SSRCRetransmission()), uint8(codec.PayloadType)
		}
	}
	return ssrc, pt
}

// Unbind is called by pion when the track ends.
func (l *localTrack) Unbind(webrtc.TrackLocalContext) error {
	l.Downlink.Unbind(time.Now())
	return nil
}

// ID is the name of the track in the SDP.
func (l *localTrack) ID() string { return l.kind.String() }

// RID is empty: there is no simulcast downlink.
func (l *localTrack) RID() string { return "" }

// StreamID names the stream of both downlinks of a peer, so that receivers keep sound
// and picture together.
func (l *localTrack) StreamID() string { return "mix" }

// Kind is audio or video.
func (l *localTrack) Kind() webrtc.RTPCodecType { return l.kind }
