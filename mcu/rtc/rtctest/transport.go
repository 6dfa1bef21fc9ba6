package rtctest

import (
	"io"
	"net"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
	"golang.org/x/net/proxy"
)

// Transport is how a client's packets get to the server. No other way is open to it.
type Transport struct {
	// TCP has it connect to the server by TCP.
	TCP bool
	// TURN is the URL of a server that relays all its packets, with the credentials
	// for it.
	TURN, Username, Credential string
	// Dialer connects to that server by TCP; nil: pion does.
	Dialer proxy.Dialer
}

// direct tells whether UDP is open.
func (w Transport) direct() bool { return !w.TCP && w.TURN == "" }

// settings is what keeps pion to the way.
func (w Transport) settings(mux ice.UDPMux) webrtc.SettingEngine {
	var s webrtc.SettingEngine
	s.LoggerFactory = quiet()
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIPFilter(net.IP.IsLoopback)
	s.SetICEProxyDialer(w.Dialer)
	switch {
	case w.TCP:
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	case w.TURN != "":
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
		s.SetRelayAcceptanceMinWait(0) // there is no other way to wait for; browsers do not either
	default:
		s.SetICEUDPMux(mux)
	}
	return s
}

// quiet keeps pion's words off standard error.
func quiet() logging.LoggerFactory { return &logging.DefaultLoggerFactory{Writer: io.Discard} }

// configuration is what keeps a connection to the way.
func (w Transport) configuration() webrtc.Configuration {
	if w.TURN == "" {
		return webrtc.Configuration{}
	}
	return webrtc.Configuration{
		ICETransportPolicy: webrtc.ICETransportPolicyRelay,
		ICEServers: []webrtc.ICEServer{{
			URLs: []string{w.TURN}, Username: w.Username, Credential: w.Credential,
		}},
	}
}
