package worker

import "github.com/prometheus/client_golang/prometheus"

var (
	workersDesc  = prometheus.NewDesc("tilemix_codec_workers", "Processes that decode cameras and sound, with those that are spare.", nil, nil)
	deathsDesc   = prometheus.NewDesc("tilemix_codec_worker_deaths_total", "Processes that decode cameras and sound and ended by what they decoded: they crashed, or took too long.", []string{"cause"}, nil)
	failuresDesc = prometheus.NewDesc("tilemix_codec_worker_start_failures_total", "Processes that decode cameras and sound and did not start.", nil, nil)
	refusedDesc  = prometheus.NewDesc("tilemix_decoders_refused_total", "Cameras and microphones that are not decoded any more, because they ended three processes within a minute.", nil, nil)
	starvedDesc  = prometheus.NewDesc("tilemix_codec_worker_missing_total", "Access units that were left out because no process was there to decode them.", nil, nil)
	bridgedDesc  = prometheus.NewDesc("tilemix_sound_bridged_total", "Packets of sound that no codec worker decoded in time. The server made up their sound from the sound before.", nil, nil)
	layersDesc   = prometheus.NewDesc("tilemix_sandbox_layer", "Whether the processes that decode cameras and sound have a layer of the sandbox: 1 or 0.", []string{"layer"}, nil)
)

// Describe is prometheus.Collector's.
func (p *Pool) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{workersDesc, deathsDesc, failuresDesc, refusedDesc, starvedDesc, bridgedDesc, layersDesc} {
		ch <- d
	}
}

// Collect is prometheus.Collector's.
func (p *Pool) Collect(ch chan<- prometheus.Metric) {
	s, level := p.Stats(), p.Level()
	counter := func(d *prometheus.Desc, n uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, n float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, n, labels...)
	}
	gauge(workersDesc, float64(s.Workers))
	counter(deathsDesc, s.Crashes, "crash")
	counter(deathsDesc, s.Hangs, "hang")
	counter(failuresDesc, s.Failures)
	counter(refusedDesc, s.Refused)
	counter(starvedDesc, s.Starved)
	counter(bridgedDesc, s.Bridged)
	for name, on := range level.Layers() {
		var n float64
		if on {
			n = 1
		}
		gauge(layersDesc, n, name)
	}
}
