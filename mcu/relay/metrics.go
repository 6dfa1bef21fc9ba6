package relay

import (
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/metrics"
)

// Metrics counts what the relays of all rooms pull. It is safe for concurrent use.
type Metrics struct {
	metrics.Group
	live                                    prometheus.Gauge
	units, bytes, dropped, requests, breaks prometheus.Counter
}

// NewMetrics returns the collector.
func NewMetrics() *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "tilemix_relay_" + name, Help: help})
	}
	m := &Metrics{
		live:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "tilemix_relay_pulls", Help: "Renditions and sounds that this node pulls from homes of rooms as a relay."}),
		units:    counter("units_total", "Access units and blocks of sound that were pulled."),
		bytes:    counter("bytes_total", "Payload that was pulled, in bytes."),
		dropped:  counter("dropped_total", "Access units and blocks of sound that were pulled and came faster than clocks took them."),
		requests: counter("key_requests_total", "Requests for a key frame that relays sent to homes."),
		breaks:   counter("breaks_total", "Connections of pulls that broke or could not be made."),
	}
	m.Group = metrics.Group{m.live, m.units, m.bytes, m.dropped, m.requests, m.breaks}
	return m
}
