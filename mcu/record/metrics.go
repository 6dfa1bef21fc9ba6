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

// tally has the sums of recordings. Those of recordings that are gone stay in it, because a counter never falls.
type tally struct{ running, failed, bytes, pictures, packets, tracks float64 }

// add adds a recording of this server.
func (t *tally) add(i sidecar.Info) {
	if !i.State.Ended() {
		t.running++
	}
	if i.State == sidecar.Failed {
		t.failed++
	}
	t.bytes += float64(i.Size)
	t.pictures += float64(i.DroppedPictures)
	t.packets += float64(i.DroppedPackets)
	t.tracks += float64(i.DroppedTracks)
}

// keep takes a recording out of all. If it is of this server, its sums stay. The caller holds the Recorder's lock.
func (t *tally) keep(all map[string]*recording, id string) {
	if r := all[id]; r != nil && r.wake != nil {
		t.add(r.Info())
		t.running = 0 // what is gone does not run
	}
	delete(all, id)
}

// Collect counts since the server began.
func (m metrics) Collect(to chan<- prometheus.Metric) {
	t := m.sum()
	to <- prometheus.MustNewConstMetric(runningDesc, prometheus.GaugeValue, t.running)
	to <- prometheus.MustNewConstMetric(failedDesc, prometheus.CounterValue, t.failed)
	to <- prometheus.MustNewConstMetric(bytesDesc, prometheus.CounterValue, t.bytes)
	to <- prometheus.MustNewConstMetric(droppedDesc, prometheus.CounterValue, t.pictures, "picture")
	to <- prometheus.MustNewConstMetric(droppedDesc, prometheus.CounterValue, t.packets, "sound")
	to <- prometheus.MustNewConstMetric(droppedDesc, prometheus.CounterValue, t.tracks, "track")
}

// sum returns the sums of the recordings that this server began, with those that are gone.
func (m metrics) sum() tally {
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	t := m.c.gone
	for _, r := range m.c.all {
		if r.wake != nil {
			t.add(r.Info())
		}
	}
	return t
}
