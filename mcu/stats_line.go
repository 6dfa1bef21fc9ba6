package mcu

import "github.com/prometheus/client_golang/prometheus"

// lineStats is what is done about the lines to viewers.
type lineStats struct{ server *Server }

var (
	repeatsDesc = prometheus.NewDesc("tilemix_repeats_total", "Packets of the mix that were asked for again: sent, or refused because they were too old, just repeated or too many.", []string{"what"}, nil)
	probesDesc  = prometheus.NewDesc("tilemix_probe_packets_total", "Packets of the mix sent again to try what a line carries.", nil, nil)
	heldDesc    = prometheus.NewDesc("tilemix_downlink_held_total", "Access units of the mix that a line could not take.", nil, nil)
	panicsDesc  = prometheus.NewDesc("tilemix_connection_panics_total", "Connections ended because what their clients reported found a fault of the server's.", nil, nil)
	absurdDesc  = prometheus.NewDesc("tilemix_absurd_reports_total", "Reports of clients that cannot be.", nil, nil)
	strangeDesc = prometheus.NewDesc("tilemix_key_requests_strange_total", "Requests for an IDR of a stream that is not sent.", nil, nil)
)

// Describe is prometheus.Collector's.
func (lineStats) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{repeatsDesc, probesDesc, heldDesc, panicsDesc, absurdDesc, strangeDesc} {
		ch <- d
	}
}

// Collect is prometheus.Collector's.
func (l lineStats) Collect(ch chan<- prometheus.Metric) {
	s := l.server.api.Stats()
	for _, c := range []struct {
		desc   *prometheus.Desc
		value  uint64
		labels []string
	}{
		{repeatsDesc, s.Repeats, []string{"sent"}},
		{repeatsDesc, s.NotRepeated, []string{"refused"}},
		{probesDesc, s.Probes, nil},
		{heldDesc, s.Held, nil},
		{panicsDesc, s.Panics, nil},
		{absurdDesc, s.Absurd, nil},
		{strangeDesc, s.StrangeKeys, nil},
	} {
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.CounterValue, float64(c.value), c.labels...)
	}
}
