package mcu

import "github.com/prometheus/client_golang/prometheus"

// lineStats is what is done about the network paths to viewers.
type lineStats struct{ server *Server }

var (
	repeatsDesc  = prometheus.NewDesc("tilemix_repeats_total", "Packets of the mix that were requested again: sent, or refused because they were too old, just sent again or too many.", []string{"what"}, nil)
	probesDesc   = prometheus.NewDesc("tilemix_probe_packets_total", "Packets of the mix sent again to probe what a network path carries.", nil, nil)
	droppedDesc  = prometheus.NewDesc("tilemix_downlink_dropped_total", "Access units of the mix that a network path could not take.", nil, nil)
	panicsDesc   = prometheus.NewDesc("tilemix_connection_panics_total", "Connections ended because the reports of their clients found a fault of the server's.", nil, nil)
	invalidDesc  = prometheus.NewDesc("tilemix_invalid_reports_total", "Reports of clients that contradict what was sent.", nil, nil)
	unknownDesc  = prometheus.NewDesc("tilemix_key_requests_unknown_stream_total", "Requests for an IDR of a stream that is not sent.", nil, nil)
	rejectedDesc = prometheus.NewDesc("tilemix_data_channel_rejected_total", "Data channels closed because they were not the control channel.", nil, nil)
)

// The names of these metrics before; they go with the next release.
var (
	heldDesc    = prometheus.NewDesc("tilemix_downlink_held_total", "Old name of tilemix_downlink_dropped_total.", nil, nil)
	absurdDesc  = prometheus.NewDesc("tilemix_absurd_reports_total", "Old name of tilemix_invalid_reports_total.", nil, nil)
	strangeDesc = prometheus.NewDesc("tilemix_key_requests_strange_total", "Old name of tilemix_key_requests_unknown_stream_total.", nil, nil)
	foreignDesc = prometheus.NewDesc("tilemix_data_channel_foreign_closed_total", "Old name of tilemix_data_channel_rejected_total.", nil, nil)
)

// Describe is prometheus.Collector's.
func (lineStats) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		repeatsDesc, probesDesc, droppedDesc, panicsDesc, invalidDesc, unknownDesc, rejectedDesc,
		heldDesc, absurdDesc, strangeDesc, foreignDesc,
	} {
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
		{repeatsDesc, s.Retransmitted, []string{"sent"}},
		{repeatsDesc, s.NotRetransmitted, []string{"refused"}},
		{probesDesc, s.Probes, nil},
		{droppedDesc, s.DownlinkDropped, nil},
		{heldDesc, s.DownlinkDropped, nil},
		{panicsDesc, s.Panics, nil},
		{invalidDesc, s.InvalidReports, nil},
		{absurdDesc, s.InvalidReports, nil},
		{unknownDesc, s.UnknownStreamKeyRequests, nil},
		{strangeDesc, s.UnknownStreamKeyRequests, nil},
		{rejectedDesc, s.RejectedDataChannels, nil},
		{foreignDesc, s.RejectedDataChannels, nil},
	} {
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.CounterValue, float64(c.value), c.labels...)
	}
}
