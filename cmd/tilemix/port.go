package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu"
	"tilemix/mcu/demux"
	"tilemix/signaling/certs"
)

// defaultListen is --listen where nobody sets it.
const defaultListen = ":8080"

// listenAddress returns where HTTP is served: --listen, with the port of --port if there is one. It fails
// if --port and another setting contradict each other.
func listenAddress(s *settings) (string, error) {
	if s.Port == 0 {
		return s.Listen, nil
	}
	one := strconv.Itoa(int(s.Port))
	for flag, other := range map[string]port{"--rtc-port": s.RTCPort, "--turn-port": s.TURNPort} {
		if other != 0 {
			return "", fmt.Errorf("--port %s is the port of media and TURN too: leave %s away", one, flag)
		}
	}
	if s.Listen == defaultListen {
		return ":" + one, nil
	}
	host, listen, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return "", fmt.Errorf("--listen: %w", err)
	}
	if listen != "" && listen != "0" && listen != one {
		return "", fmt.Errorf("--listen %s and --port %s name two ports: give --listen %s", s.Listen, one, net.JoinHostPort(host, one))
	}
	if ip := net.ParseIP(host); len(s.MediaListen) > 0 && host != "" && (ip == nil || !ip.IsUnspecified()) {
		return "", fmt.Errorf("with --port, media listens on the address of --listen, %s: leave --media-listen away", host)
	}
	return net.JoinHostPort(host, one), nil
}

// onePort is what media and TURN have of the port that they share with HTTP.
type onePort struct {
	media, turn net.Listener
	tls         bool     // TURN is served by TLS too
	names       []string // that the certificate has for TURN; none: the addresses
}

// share lets media and TURN have their connections of a port.
func (d *door) share(s *settings, port *demux.Port, source certs.Source) {
	d.shared = &onePort{media: port.Listen(demux.Media), turn: port.Listen(demux.TURN)}
	if source != nil {
		d.shared.names = certified(s, source)
		d.shared.tls = s.TLS == "self" || len(d.shared.names) > 0 // no client takes another certificate
	}
}

// portMetric counts the connections that a port refused.
func portMetric(p *demux.Port) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "tilemix_port_refused_total", Help: "With --tls or --port: connections closed because their first bytes are of no protocol of the server, or were late, or too many connections waited.",
	}, func() float64 { return float64(p.Refused()) })
}

// apply gives the rooms their part of the port.
func (p *onePort) apply(cfg *mcu.Config, port int) {
	if p == nil {
		return
	}
	cfg.RTCPort, cfg.TURN, cfg.TURNPort = port, true, 0
	cfg.MediaTCP, cfg.TURNTCP, cfg.TURNS, cfg.TURNNames = p.media, p.turn, p.tls, p.names
}

// certified returns a name of the server that a client finds in its certificate. It returns none where
// the server's own authority signs the addresses, or nobody says which name of a wildcard it has.
func certified(s *settings, source certs.Source) []string {
	if s.TLS == "acme" {
		return s.Domains[:1]
	}
	if s.TLS == "self" {
		return nil
	}
	cert, err := source.Certificate(&tls.ClientHelloInfo{})
	if err != nil {
		return nil
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return nil
	}
	for _, name := range append(texts(s.Hosts), leaf.DNSNames...) {
		if !strings.Contains(name, "*") && leaf.VerifyHostname(name) == nil {
			return []string{name}
		}
	}
	return nil
}
