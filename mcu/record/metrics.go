package record

import (
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/record/sidecar"
)

// metrics reads the numbers of recordings.
type metrics struct{ c *Recorder }

var (
	runningDesc = prometheus.NewDesc("tilemix_recordings", "Recordings that have not ended.", nil, nil)
	bytesDesc   = prometheus.NewDesc("tilemix_recorded_bytes_total", "Bytes written to recordings.", nil, nil)
	droppedDesc = prometheus.NewDesc("tilemix_recording_dropped_total",
		"Access units and packets that a recording's disk was too slow for.", []string{"kind"}, nil)
	failedDesc = prometheus.NewDesc("tilemix_recordings_failed_total", "Recordings that failed.", nil, nil)
)

// Describe lists what Collect gives.
func (metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{runningDesc, bytesDesc, droppedDesc, failedDesc} {
		to <- d
	}
}

// Collect counts since the server began.
func (m metrics) Collect(to chan<- prometheus.Metric) {
	var running, failed, bytes, pictures, packets, tracks float64
	for _, i := range m.ours() {
		if !i.State.Ended() {
			running++
		}
		if i.State == sidecar.Failed {
			failed++
		}
		bytes += float64(i.Size)
		pictures += float64(i.DroppedPictures)
		packets += float64(i.DroppedPackets)
		tracks += float64(i.DroppedTracks)
	}
	to <- prometheus.MustNewConstMetric(runningDesc, prometheus.GaugeValue, running)
	to <- prometheus.MustNewConstMetric(failedDesc, prometheus.CounterValue, failed)
	to <- prometheus.MustNewConstMetric(bytesDesc, prometheus.CounterValue, bytes)
	to <- prometheus.MustNewConstMetric(droppedDesc, prometheus.CounterValue, pictures, "picture")
	to <- prometheus.MustNewConstMetric(droppedDesc, prometheus.CounterValue, packets, "sound")
	to <- prometheus.MustNewConstMetric(droppedDesc, prometheus.CounterValue, tracks, "track")
}

// ours returns the recordings that this server began.
func (m metrics) ours() []sidecar.Info {
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	var all []sidecar.Info
	for _, r := range m.c.all {
		if r.wake != nil {
			all = append(all, r.Info())
		}
	}
	return all
}
