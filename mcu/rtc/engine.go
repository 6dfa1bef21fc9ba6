package rtc

import (
	"fmt"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtc/udp"
)

// A connection that receives nothing is disconnected after iceDisconnected, and failed
// after iceFailed more, 15 s in all.
const (
	iceDisconnected = 7 * time.Second
	iceFailed       = 8 * time.Second
	iceKeepAlive    = 4 * time.Second
)

// settings returns what keeps pion to the server's sockets and addresses.
func settings(cfg Config, mux ice.UDPMux, tcp ice.TCPMux) (webrtc.SettingEngine, error) {
	var s webrtc.SettingEngine
	s.SetICEUDPMux(mux)
	s.SetICETCPMux(tcp)
	s.SetNetworkTypes([]webrtc.NetworkType{
		webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6,
	})
	s.DisableActiveTCP(true) // the server opens no connection to an address that a client names
	s.SetIPFilter(cfg.uses)
	s.SetNet(&udp.Network{})
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetICETimeouts(iceDisconnected, iceFailed, iceKeepAlive)
	s.LoggerFactory = cfg.Log
	if len(cfg.PublicIPs) == 0 {
		return s, nil
	}
	// Loopback stays a candidate, so that clients on the same machine connect.
	err := s.SetICEAddressRewriteRules(webrtc.ICEAddressRewriteRule{
		External:        cfg.PublicIPs,
		AsCandidateType: webrtc.ICECandidateTypeHost,
		Mode:            webrtc.ICEAddressRewriteAppend,
	})
	if err != nil {
		return s, fmt.Errorf("public IP: %w", err)
	}
	return s, nil
}

// engine registers the codecs and header extensions we speak. None of pion's
// interceptors is used. The packages receive and send do their work without a goroutine, a
// ticker and a copy of each packet for each connection.
func engine() (*webrtc.MediaEngine, error) {
	media := &webrtc.MediaEngine{}
	for _, c := range codecs() {
		if err := media.RegisterCodec(c.params, c.kind); err != nil {
			return nil, err
		}
	}
	recvonly, sendonly := webrtc.RTPTransceiverDirectionRecvonly, webrtc.RTPTransceiverDirectionSendonly
	for _, x := range []struct {
		uri        string
		kind       webrtc.RTPCodecType
		directions []webrtc.RTPTransceiverDirection
	}{
		{audioLevelURI, webrtc.RTPCodecTypeAudio, []webrtc.RTPTransceiverDirection{recvonly}},
		{sdp.TransportCCURI, webrtc.RTPCodecTypeAudio, []webrtc.RTPTransceiverDirection{recvonly, sendonly}},
		{sdp.TransportCCURI, webrtc.RTPCodecTypeVideo, []webrtc.RTPTransceiverDirection{recvonly, sendonly}},
		{sdp.SDESMidURI, webrtc.RTPCodecTypeAudio, []webrtc.RTPTransceiverDirection{recvonly}},
		{sdp.SDESMidURI, webrtc.RTPCodecTypeVideo, []webrtc.RTPTransceiverDirection{recvonly}},
		{sdp.SDESRTPStreamIDURI, webrtc.RTPCodecTypeVideo, []webrtc.RTPTransceiverDirection{recvonly}},
		{sdp.SDESRepairRTPStreamIDURI, webrtc.RTPCodecTypeVideo, []webrtc.RTPTransceiverDirection{recvonly}},
	} {
		err := media.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: x.uri}, x.kind, x.directions...)
		if err != nil {
			return nil, err
		}
	}
	return media, nil
}
