package broadcast

import "github.com/prometheus/client_golang/prometheus"

// metrics collects the numbers of all broadcasts. It is safe for concurrent use.
type metrics struct{ c *Broadcaster }

var (
	runningDesc = prometheus.NewDesc("tilemix_broadcasts", "Rooms that are broadcast.", nil, nil)
	droppedDesc = prometheus.NewDesc("tilemix_broadcast_dropped_total",
		"Access units and packets that came faster than a broadcast took them.", []string{"kind"}, nil)
	requestsDesc = prometheus.NewDesc("tilemix_hls_requests_total", "Answers to players and caches.", []string{"kind"}, nil)
	bytesDesc    = prometheus.NewDesc("tilemix_hls_bytes_total", "Bytes sent to players and caches.", nil, nil)
)

// Describe implements prometheus.Collector.
func (metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{runningDesc, droppedDesc, requestsDesc, bytesDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m metrics) Collect(to chan<- prometheus.Metric) {
	m.c.mu.Lock()
	pictures, packets := m.c.dropped.pictures, m.c.dropped.packets
	running := len(m.c.running)
	for _, b := range m.c.running {
		p, q := b.dropped()
		pictures, packets = pictures+p, packets+q
	}
	m.c.mu.Unlock()
	count := func(d *prometheus.Desc, n uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	to <- prometheus.MustNewConstMetric(runningDesc, prometheus.GaugeValue, float64(running))
	count(droppedDesc, pictures, "picture")
	count(droppedDesc, packets, "sound")
	count(requestsDesc, m.c.playlists.Load(), "playlist")
	count(requestsDesc, m.c.files.Load(), "file")
	count(bytesDesc, m.c.bytes.Load())
}
