package main

import (
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"

	"tilemix/mcu/stream"
)

const (
	// maxConns (10,000) bounds the connections of HTTP, also where the system has descriptors for
	// more.
	maxConns = 10_000
	// spareFiles is the share of the descriptors, one in five, that files and media keep.
	spareFiles = 5
	// hostShare is the share of the connections, one in eight, that one address may have.
	hostShare = 8
	// redirectShare is the share of the connections, one in eight, that --http-listen may have more.
	redirectShare = 8
)

// bounded bounds the connections of an HTTP listener to one in share. Loopback and the proxies that are trusted have
// no bound of their own, because many clients come through them.
func (s *settings) bounded(l net.Listener, share int) *stream.Door {
	conns := maxConns
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil {
		conns = max(1, min(conns, int(min(files.Cur, 1<<30))*(spareFiles-1)/spareFiles))
	}
	conns = max(1, conns/share)
	_, trusted := s.front()
	return stream.NewDoor(l, conns, max(1, conns/hostShare), func(a netip.Addr) bool {
		for _, p := range trusted {
			if p.Contains(a) {
				return true
			}
		}
		return a.IsLoopback()
	})
}

// boundMetric counts the connections that were refused.
func boundMetric(d *stream.Door) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "tilemix_http_connections_refused_total", Help: "Connections of HTTP closed because there were too many, in all or of one address.",
	}, func() float64 { return float64(d.Refused()) })
}

// names are those that the server goes by: that the operator says, also for certificates, and the
// machine's, which no page of another site can have.
func (s *settings) names() []string {
	names := append(texts(s.Hosts), s.Domains...)
	if machine, err := os.Hostname(); err == nil && machine != "" {
		short, _, _ := strings.Cut(machine, ".")
		names = append(names, machine, short+".local")
	}
	return names
}
