package rtc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtc/route"
	"tilemix/mcu/rtc/send"
	"tilemix/mcu/rtc/udp"
	"tilemix/mcu/stream"
)

// A connection that receives nothing is disconnected after iceDisconnected, and failed
// after iceFailed more, 15 s in all.
const (
	iceDisconnected = 7 * time.Second
	iceFailed       = 8 * time.Second
	iceKeepAlive    = 4 * time.Second
)

// Config is what all connections of a server share.
type Config struct {
	// PublicIPs replace the addresses of the machine's interfaces in the
	// server's candidates, for a server behind a one-to-one NAT.
	PublicIPs []string
	// Port is the one port of all UDP sockets and of TCP; 0 is a free one.
	Port int
	// Log takes pion's warnings; nil drops them.
	Log logging.LoggerFactory
}

// API makes peers. They share its UDP sockets (one an address of the machine,
// loopback included), its TCP listener on the same port and its DTLS certificate. It is safe for concurrent use.
type API struct {
	media    *webrtc.MediaEngine
	settings webrtc.SettingEngine
	sockets  []*udp.Socket
	mux      ice.UDPMux
	tcp      *stream.Listener
	tcpMux   ice.TCPMux
	cert     webrtc.Certificate
	pacer    *send.PacketPacer
	counts   counts
	log      logging.LeveledLogger
}

// NewAPI opens the sockets. The caller closes the API after its last peer.
func NewAPI(cfg Config) (*API, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the DTLS key: %w", err)
	}
	cert, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, fmt.Errorf("make the DTLS certificate: %w", err)
	}
	media, err := engine()
	if err != nil {
		return nil, fmt.Errorf("register codecs: %w", err)
	}
	sockets, tcp, err := listen(cfg.Port)
	if err != nil {
		return nil, err
	}
	if cfg.Log == nil { // pion's own default is standard error
		cfg.Log = &logging.DefaultLoggerFactory{Writer: io.Discard}
	}
	mux, tcpMux := muxed(sockets, cfg.Log), muxedTCP(tcp, cfg.Log)
	settings, err := settings(cfg, mux, tcpMux)
	if err != nil {
		_ = mux.Close()
		_ = tcpMux.Close()
		return nil, err
	}
	return &API{
		media:    media,
		settings: settings,
		sockets:  sockets,
		mux:      mux,
		tcp:      tcp,
		tcpMux:   tcpMux,
		cert:     *cert,
		pacer:    send.NewPacer(),
		log:      cfg.Log.NewLogger("rtc"),
	}, nil
}

// routed returns pion's API for one connection, whose packets go to a router.
func (a *API) routed(r *route.Router) *webrtc.API {
	settings := a.settings
	settings.BufferFactory = r.Buffer
	return webrtc.NewAPI(webrtc.WithMediaEngine(a.media), webrtc.WithSettingEngine(settings),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
}

// Run sends what the peers write until ctx ends. Before Run packets wait. Its goroutines
// are one for each socket and the pacer.
func (a *API) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, s := range a.sockets {
		wg.Go(func() { s.Run(ctx) })
	}
	wg.Go(func() { a.pacer.Run(ctx) })
	wg.Wait()
}

// Close closes the sockets.
func (a *API) Close() error { return errors.Join(a.mux.Close(), a.tcpMux.Close()) }

// Addresses are where the sockets receive media, all with the same port.
func (a *API) Addresses() []netip.AddrPort {
	all := make([]netip.AddrPort, 0, len(a.sockets))
	for _, s := range a.sockets {
		if local, ok := s.LocalAddr().(*net.UDPAddr); ok {
			at := local.AddrPort()
			all = append(all, netip.AddrPortFrom(at.Addr().Unmap(), at.Port()))
		}
	}
	return all
}

func settings(cfg Config, mux ice.UDPMux, tcp ice.TCPMux) (webrtc.SettingEngine, error) {
	var s webrtc.SettingEngine
	s.SetICEUDPMux(mux)
	s.SetICETCPMux(tcp)
	s.SetNetworkTypes([]webrtc.NetworkType{
		webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6,
	})
	s.DisableActiveTCP(true) // the server opens no connection to an address that a client names
	s.SetIPFilter(udp.Usable)
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
