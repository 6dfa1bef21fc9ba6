package gateway

import "github.com/prometheus/client_golang/prometheus"

// metrics reads the numbers that links have anyway.
type metrics struct{ g *Gateway }

var (
	linksDesc = prometheus.NewDesc("tilemix_links", "Outputs and inputs, by state.", []string{"kind", "state"}, nil)
	lostDesc  = prometheus.NewDesc("tilemix_output_dropped_total",
		"Access units and packets that an output's other end was too slow for.", []string{"kind"}, nil)
)

// Describe lists what Collect gives.
func (metrics) Describe(to chan<- *prometheus.Desc) {
	to <- linksDesc
	to <- lostDesc
}

// Collect counts the links that are, and what all were too slow for.
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
