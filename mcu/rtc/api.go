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
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/rtc/route"
	"tilemix/mcu/rtc/send"
	"tilemix/mcu/rtc/udp"
	"tilemix/mcu/stream"
)

// Config is what all connections of a server share.
type Config struct {
	// PublicIPs replace the addresses of the machine's interfaces in the
	// server's candidates, for a server behind a one-to-one NAT.
	PublicIPs []string
	// Port is the one port of all UDP sockets and of TCP; 0 is a free one, or that of TCP.
	Port int
	// TCP takes connections whose first bytes are media's; nil: the API opens its own listeners.
	// The API closes it.
	TCP net.Listener
	// TURN says that a TURN server shares the UDP sockets.
	TURN bool
	// Listen are the addresses of the sockets; none are all of the machine.
	Listen []netip.Addr
	// Local says that only programs of this machine can reach the sockets.
	Local bool
	// OnAddress is told what becomes of an address of the machine: that it has come, is gone, or
	// is not ready, and why. It must not block, and may be nil.
	OnAddress func(change string, at netip.Addr, err error)
	// Log takes pion's warnings; nil drops them.
	Log logging.LoggerFactory
}

// API makes peers. They share its UDP sockets (one an address of the machine, loopback included,
// or of Config.Listen), its TCP listeners on the same port and its DTLS certificate. It is safe for
// concurrent use.
type API struct {
	media    *webrtc.MediaEngine
	settings webrtc.SettingEngine
	sockets  *sockets
	tcp      stream.Listeners
	tcpMux   ice.TCPMux
	cert     webrtc.Certificate
	pacer    *send.PacketPacer
	counts   counts
	log      logging.LeveledLogger
	now      func() time.Time // when a packet arrives
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
	if cfg.Log == nil { // pion's own default is standard error
		cfg.Log = &logging.DefaultLoggerFactory{Writer: io.Discard}
	}
	sockets, tcp, err := listen(cfg, udp.Addresses)
	if err != nil {
		return nil, err
	}
	tcpMux := muxedTCP(cfg, tcp)
	settings, err := settings(cfg, sockets, tcpMux)
	if err != nil {
		_, _ = sockets.Close(), tcpMux.Close()
		return nil, err
	}
	return &API{
		media:    media,
		settings: settings,
		sockets:  sockets,
		tcp:      tcp,
		tcpMux:   tcpMux,
		cert:     *cert,
		pacer:    send.NewPacer(),
		log:      cfg.Log.NewLogger("rtc"),
		now:      time.Now,
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
// are one for each socket, two that follow the machine's addresses, and the pacer.
func (a *API) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { a.sockets.run(ctx) })
	wg.Go(func() { a.pacer.Run(ctx) })
	wg.Wait()
}

// Close closes the sockets.
func (a *API) Close() error { return errors.Join(a.sockets.Close(), a.tcpMux.Close()) }

// Addresses are where the sockets receive media, all with the same port.
func (a *API) Addresses() []netip.AddrPort {
	var all []netip.AddrPort
	for _, b := range a.sockets.now() {
		all = append(all, netip.AddrPortFrom(b.at, uint16(a.sockets.port)))
	}
	return all
}

// TURN returns the TURN server's part of each UDP socket there is, none unless Config.TURN. The
// caller closes them.
func (a *API) TURN() (all []net.PacketConn) {
	for _, b := range a.sockets.now() {
		if b.turn != nil {
			all = append(all, b.turn)
		}
	}
	return all
}

// Stats returns the counters.
func (a *API) Stats() Stats {
	c := &a.counts
	s := Stats{
		DownlinkErrors: c.Errors.Load(), DownlinkDropped: c.Dropped.Load(), WriterDropped: c.WriterDropped.Load(),
		ReportsDropped: c.reportsDropped.Load(), SlowChannels: c.slowChannels.Load(), RejectedDataChannels: c.rejectedDataChannels.Load(), Panics: c.panics.Load(),
		Retransmitted: c.Retransmitted.Load(), NotRetransmitted: c.NotRetransmitted.Load(),
		InvalidReports: c.InvalidReports.Load(), Probes: c.Probes.Load(),
		UnknownStreamKeyRequests: c.UnknownStreamKeyRequests.Load(), TCP: a.tcp.Stats(),
		SpareDropped: c.spareDropped.Load(), NamedCandidates: c.namedCandidates.Load(),
	}
	s.Unbound = map[string]uint64{}
	for i, reason := range reasons() {
		s.Unbound[string(reason)] = c.unbound[i].Load()
	}
	n := a.sockets.stats()
	s.Sent, s.Dropped, s.Refused = n.Sent, n.Dropped, n.Refused
	return s
}
