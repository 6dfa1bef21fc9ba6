package client

import (
	"errors"
	"io"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"tilemix/codec"
	"tilemix/codec/table"
)

// Silence on the line makes a connection disconnected after iceDisconnected and failed
// after iceFailed more, 10 s in all. A server of ours takes 15 s. A client that joins again before
// the server has noticed leaves first (DELETE).
const (
	iceDisconnected = 5 * time.Second
	iceFailed       = 5 * time.Second
	iceKeepAlive    = 2 * time.Second
)

var (
	opus = webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
	}
	h264 = webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
		SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
		RTCPFeedback: []webrtc.RTCPFeedback{
			{Type: "goog-remb"}, {Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"},
		},
	}
)

// picture is what an offer has for pictures. Those of other codecs only come.
func (c Config) picture() webrtc.RTPCodecCapability {
	if v := table.Of(c.Only); v != nil && v.Kind != codec.H264 {
		return webrtc.RTPCodecCapability{MimeType: v.MIME, ClockRate: h264.ClockRate, SDPFmtpLine: v.Formats[0], RTCPFeedback: h264.RTCPFeedback}
	}
	return h264
}

// sound is Opus as an offer has it (RFC 7587 §6.1).
func (c Config) sound() webrtc.RTPCodecCapability {
	sound := opus
	switch {
	case c.Stereo && c.Packet != nil:
		sound.SDPFmtpLine += ";stereo=1"
	case c.Stereo:
		sound.SDPFmtpLine += ";sprop-stereo=1"
	}
	return sound
}

func codecs(sound, picture webrtc.RTPCodecCapability) []webrtc.RTPCodecParameters {
	return []webrtc.RTPCodecParameters{
		{RTPCodecCapability: sound, PayloadType: 111},
		{RTPCodecCapability: picture, PayloadType: 102},
		{RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=102",
		}, PayloadType: 103},
	}
}

// newAPI returns pion with its default interceptors, for the codecs of a client.
func newAPI(c Config) (*webrtc.API, error) {
	media, silence := &webrtc.MediaEngine{}, c.Silence
	for _, codec := range codecs(c.sound(), c.picture()) {
		kind := webrtc.RTPCodecTypeVideo
		if codec.MimeType == webrtc.MimeTypeOpus {
			kind = webrtc.RTPCodecTypeAudio
		}
		if err := media.RegisterCodec(codec, kind); err != nil {
			return nil, err
		}
	}
	media.RegisterFeedback(webrtc.RTCPFeedback{Type: "nack"}, webrtc.RTPCodecTypeAudio)
	registry := &interceptor.Registry{}
	if c.Packet == nil {
		if err := webrtc.RegisterDefaultInterceptors(media, registry); err != nil {
			return nil, err
		}
	} else if err := errors.Join(webrtc.ConfigureNack(media, registry), webrtc.ConfigureRTCPReports(registry)); err != nil {
		return nil, err // times of arrival are of no use, because nothing that a relay has is changed for it
	}
	var s webrtc.SettingEngine
	s.LoggerFactory = &logging.DefaultLoggerFactory{Writer: io.Discard}
	s.SetIncludeLoopbackCandidate(true) // the server may be on this machine
	disconnected, failed, alive := iceDisconnected, iceFailed, iceKeepAlive
	if silence > 0 {
		disconnected, failed, alive = silence/4, silence-silence/4, silence/8
	}
	s.SetICETimeouts(disconnected, failed, alive)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetNetworkTypes([]webrtc.NetworkType{
		webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6,
	})
	return webrtc.NewAPI(webrtc.WithMediaEngine(media),
		webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(s)), nil
}
