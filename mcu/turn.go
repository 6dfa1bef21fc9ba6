package mcu

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/control"
	"tilemix/mcu/rtc"
	"tilemix/mcu/turn"
)

// maxTURNAddresses bounds the addresses of the TURN server that a client is told:
// browsers try them all.
const maxTURNAddresses = 3

// newTURN returns the server's own TURN server, nil where it is to have none.
func newTURN(cfg Config, api *rtc.API) (*turn.Relay, error) {
	if !cfg.TURN {
		return nil, nil
	}
	if cfg.TURNTCP != nil {
		return turn.New(turn.Config{TCP: cfg.TURNTCP, UDP: api.TURN(), Peers: api.Addresses()})
	}
	return turn.New(turn.Config{Port: cfg.TURNPort, Listen: cfg.MediaListen, Local: cfg.MediaLocal, Peers: api.Addresses()})
}

// turnAddresses are where clients find the TURN server: where they find the server at
// all. Loopback is for a machine that has nothing else.
func turnAddresses(public []string, own []netip.AddrPort) []string {
	addresses := slices.Clone(public)
	if len(addresses) == 0 {
		own = slices.Clone(own)
		slices.SortStableFunc(own, func(a, b netip.AddrPort) int { return a.Addr().BitLen() - b.Addr().BitLen() })
		for _, a := range own {
			if !a.Addr().IsLoopback() {
				addresses = append(addresses, a.Addr().String())
			}
		}
	}
	if len(addresses) == 0 {
		return []string{"127.0.0.1"}
	}
	return addresses[:min(len(addresses), maxTURNAddresses)]
}

// reached returns those of the server's addresses at which a listener, which may be nil, is reached.
func reached(l net.Listener, own []netip.AddrPort) []netip.AddrPort {
	if l == nil {
		return own
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && !tcp.IP.IsUnspecified() {
		return []netip.AddrPort{tcp.AddrPort()}
	}
	return own
}

// iceServers returns the ICE servers of a configuration and the server's own TURN server,
// which may be nil, at the addresses of the server. TURN by UDP on the port of media is not
// offered: media reaches that port without it, and Chromium takes all that comes from the address
// of its TURN server for TURN's.
func iceServers(cfg Config, relay *turn.Relay, addresses []netip.AddrPort) []control.ICEServer {
	all := slices.Clone(cfg.ICEServers)
	for _, server := range cfg.TURNServers {
		s := control.ICEServer{URLs: []string{server.URL}}
		s.Username, s.Credential = turn.Credentials(server.Secret, time.Now())
		all = append(all, s)
	}
	if relay == nil {
		return all
	}
	own := control.ICEServer{}
	own.Username, own.Credential = relay.Credentials(time.Now())
	port, at := strconv.Itoa(relay.Port()), turnAddresses(cfg.PublicIPs, reached(cfg.TURNTCP, addresses))
	for _, address := range at {
		at := "turn:" + net.JoinHostPort(address, port)
		if cfg.TURNTCP == nil {
			own.URLs = append(own.URLs, at+"?transport=udp")
		}
		own.URLs = append(own.URLs, at+"?transport=tcp")
	}
	if names := cfg.TURNNames; cfg.TURNS {
		if len(names) == 0 {
			names = at
		}
		for _, name := range names {
			own.URLs = append(own.URLs, "turns:"+net.JoinHostPort(name, port)+"?transport=tcp")
		}
	}
	return append(all, own)
}

// unreached returns whether a client of another machine cannot reach the media, as far as the
// server knows: it receives media of its own machine alone.
func unreached(c Config, o JoinOptions) bool {
	return o.Away && (c.MediaLocal || len(c.MediaListen) > 0) && !slices.ContainsFunc(c.MediaListen, func(a netip.Addr) bool { return !a.IsLoopback() })
}

// addressLog logs what becomes of the machine's addresses.
type addressLog struct{ *slog.Logger }

func (l addressLog) changed(change string, at netip.Addr, err error) {
	if err != nil {
		l.Warn("address for media cannot be used yet", "address", at, "reason", err)
		return
	}
	l.Info("address for media changed", "address", at, "change", change)
}

func checkPorts(c Config) error {
	for _, port := range []int{c.RTCPort, c.TURNPort} {
		if port < 0 || port > 65535 {
			return fmt.Errorf("port %d is not one", port)
		}
	}
	if !c.TURN && c.TURNPort != 0 {
		return fmt.Errorf("there is a port for TURN, %d, but no TURN server; add --turn", c.TURNPort)
	}
	if (c.MediaTCP != nil || c.TURNTCP != nil) && (c.MediaTCP == nil || c.TURNTCP == nil || !c.TURN || c.TURNPort != 0) {
		return errors.New("media and TURN share a port only with each other")
	}
	if c.TURN && c.TURNPort != 0 && c.TURNPort == c.RTCPort {
		return fmt.Errorf("port %d cannot be both for media and for TURN", c.TURNPort)
	}
	return nil
}

// turnStats collects the numbers of what clients behind firewalls use.
type turnStats struct{ server *Server }

var (
	tcpDesc    = prometheus.NewDesc("tilemix_tcp_total", "What media over TCP was not served: connections that were too many, packets for clients that did not read.", []string{"what"}, nil)
	turnDesc   = prometheus.NewDesc("tilemix_turn_total", "What the TURN server refused.", []string{"what"}, nil)
	relaysDesc = prometheus.NewDesc("tilemix_turn_relays", "Relays of the TURN server.", nil, nil)
)

// Describe is prometheus.Collector's.
func (turnStats) Describe(ch chan<- *prometheus.Desc) {
	ch <- tcpDesc
	ch <- turnDesc
	ch <- relaysDesc
}

// Collect is prometheus.Collector's.
func (t turnStats) Collect(ch chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v uint64, what string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), what)
	}
	tcp := t.server.api.Stats().TCP
	counter(tcpDesc, tcp.Refused, "refused")
	counter(tcpDesc, tcp.Dropped, "dropped")
	if t.server.turn == nil {
		return
	}
	n := t.server.turn.Stats()
	counter(turnDesc, n.BadPeers, "bad_peer")
	counter(turnDesc, n.BadCredentials, "bad_credentials")
	counter(turnDesc, n.OverQuota, "over_quota")
	counter(turnDesc, n.Dropped, "dropped")
	counter(turnDesc, n.RefusedConns, "refused")
	ch <- prometheus.MustNewConstMetric(relaysDesc, prometheus.GaugeValue, float64(n.Allocations))
}

// relayTURN runs a TURN server, if there is one, until ctx ends.
func relayTURN(ctx context.Context, r *turn.Relay, log *slog.Logger) {
	if r == nil {
		return
	}
	if err := r.Run(ctx); err != nil {
		log.Error("TURN ended", "error", err)
	}
}
