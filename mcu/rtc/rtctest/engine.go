package rtctest

import (
	"errors"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtc/rtctest/network"
)

// register gives media Opus and the pictures that o asks for, or pion's codecs.
func register(media *webrtc.MediaEngine, o Options) error {
	add := func(pt webrtc.PayloadType, kind webrtc.RTPCodecType, c webrtc.RTPCodecCapability) error {
		if kind == webrtc.RTPCodecTypeVideo {
			c.RTCPFeedback = []webrtc.RTCPFeedback{
				{Type: "goog-remb"}, {Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"},
			}
		}
		return media.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: c, PayloadType: pt}, kind)
	}
	var errs []error
	if o.VP8 {
		errs = append(errs, add(100, webrtc.RTPCodecTypeVideo, webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeVP8, ClockRate: 90000,
		}))
	}
	if o.H264 != "" {
		errs = append(errs, add(97, webrtc.RTPCodecTypeVideo, webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeH264, ClockRate: 90000, SDPFmtpLine: o.H264,
		}))
	}
	if o.VP8 || o.H264 != "" {
		return errors.Join(append(errs, add(96, webrtc.RTPCodecTypeAudio, webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2,
		}))...)
	}
	if o.Stereo {
		errs = append(errs, add(111, webrtc.RTPCodecTypeAudio, webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1",
		}))
	}
	// pion's list begins with VP8.
	return errors.Join(errors.Join(errs...), add(102, webrtc.RTPCodecTypeVideo, webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
		SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
	}), media.RegisterDefaultCodecs())
}

// newAPI returns what pion's clients are by default but for their pictures and their
// way to the server.
func newAPI(s webrtc.SettingEngine, o Options) (*webrtc.API, error) {
	media := &webrtc.MediaEngine{}
	if err := register(media, o); err != nil {
		return nil, err
	}
	// As browsers do through the page.
	media.RegisterFeedback(webrtc.RTCPFeedback{Type: "nack"}, webrtc.RTPCodecTypeAudio)
	registry := &interceptor.Registry{}
	if o.TWCC {
		if err := webrtc.ConfigureTWCCHeaderExtensionSender(media, registry); err != nil {
			return nil, err
		}
	}
	// Uplink makes the sender reports: pion's say when packets were sent, and not when
	// what is in them was taken.
	err := errors.Join(webrtc.ConfigureNack(media, registry),
		webrtc.ConfigureRTCPReportsWithOptions(registry, nil, report.SenderInterval(time.Hour)),
		webrtc.ConfigureSimulcastExtensionHeaders(media), webrtc.ConfigureStatsInterceptor(registry))
	if o.Feedback || o.Buffered || o.Line != (network.Line{}) {
		err = errors.Join(err, webrtc.ConfigureTWCCSender(media, registry))
	}
	if err != nil {
		return nil, err
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(media),
		webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(s)), nil
}
