package gateway

import "github.com/prometheus/client_golang/prometheus"

// metrics collects the numbers of all links. It is safe for concurrent use.
type metrics struct{ g *Gateway }

var (
	linksDesc = prometheus.NewDesc("tilemix_links", "Outputs and inputs, by state.", []string{"kind", "state"}, nil)
	lostDesc  = prometheus.NewDesc("tilemix_output_dropped_total",
		"Access units and packets that an output's other end was too slow for.", []string{"kind"}, nil)
)

// Describe implements prometheus.Collector.
func (metrics) Describe(to chan<- *prometheus.Desc) {
	to <- linksDesc
	to <- lostDesc
}

// Collect implements prometheus.Collector.
func (m metrics) Collect(to chan<- prometheus.Metric) {
	m.g.mu.Lock()
	defer m.g.mu.Unlock()
	pictures, packets := m.g.lost.pictures.Load(), m.g.lost.packets.Load()
	count := map[[2]string]int{}
	for _, kind := range []Kind{Output, Input} {
		for _, state := range []State{Starting, Up, Down} {
			count[[2]string{string(kind), string(state)}] = 0
		}
	}
	for _, l := range m.g.links {
		i := l.Info()
		count[[2]string{string(i.Kind), string(i.State)}]++
		pictures, packets = pictures+i.DroppedPictures, packets+i.DroppedPackets
	}
	for labels, n := range count {
		to <- prometheus.MustNewConstMetric(linksDesc, prometheus.GaugeValue, float64(n), labels[:]...)
	}
	to <- prometheus.MustNewConstMetric(lostDesc, prometheus.CounterValue, float64(pictures), "picture")
	to <- prometheus.MustNewConstMetric(lostDesc, prometheus.CounterValue, float64(packets), "sound")
}
