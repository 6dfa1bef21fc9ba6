package rendition

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/codec/table"
	"tilemix/mcu/ladder"
	"tilemix/mcu/metrics"
)

// Metrics sums over the renditions of all rooms, by codec and height. It is safe for
// concurrent use.
type Metrics struct {
	rungs []ladder.Rung // with a picture
	sums  map[Key]*metrics.Sum[Stats]

	live                                   *prometheus.Desc
	encodes, keys, replays, skipped, bytes *prometheus.Desc
}

// NewMetrics returns the collector for the renditions of a ladder.
func NewMetrics(rungs []ladder.Rung) *Metrics {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, []string{"codec", "height"}, nil)
	}
	m := &Metrics{
		rungs:   rungs[:len(rungs)-1],
		sums:    make(map[Key]*metrics.Sum[Stats]),
		live:    desc("tilemix_renditions", "Renditions of rooms' pictures."),
		encodes: desc("tilemix_picture_encodes_total", "Pictures of the mix encoded."),
		keys:    desc("tilemix_key_frames_total", "IDRs among the pictures of the mix."),
		replays: desc("tilemix_replays_total", "Viewers served from recent pictures of the mix, without an IDR."),
		skipped: desc("tilemix_pictures_skipped_total", "Pictures of the mix that rate control left out, or that came while the one before was encoded."),
		bytes:   desc("tilemix_picture_bytes_total", "Bytes of the pictures of the mix."),
	}
	for _, spoken := range table.Videos() {
		for rung := range m.rungs {
			m.sums[Key{spoken.Kind, rung}] = metrics.NewSum(add)
		}
	}
	return m
}

func add(sum *Stats, n Stats) {
	sum.Encodes += n.Encodes
	sum.KeyFrames += n.KeyFrames
	sum.Replays += n.Replays
	sum.Skipped += n.Skipped
	sum.Bytes += n.Bytes
}

// Count makes a rendition part of the sums until its Close.
func (m *Metrics) Count(r *Rendition) { r.retire = m.sums[r.key].Add(r.Stats) }

// Describe is prometheus.Collector's.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.live, m.encodes, m.keys, m.replays, m.skipped, m.bytes} {
		ch <- d
	}
}

// Collect is prometheus.Collector's. Renditions that there are none of are 0.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, spoken := range table.Videos() {
		kind := spoken.Kind
		for i, rung := range m.rungs {
			sum := m.sums[Key{kind, i}]
			labels := []string{kind.String(), strconv.Itoa(rung.Size.Y)}
			n := sum.Total()
			ch <- prometheus.MustNewConstMetric(m.live, prometheus.GaugeValue, float64(sum.Live()), labels...)
			for d, v := range map[*prometheus.Desc]uint64{
				m.encodes: n.Encodes, m.keys: n.KeyFrames, m.replays: n.Replays, m.skipped: n.Skipped, m.bytes: n.Bytes,
			} {
				ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
			}
		}
	}
}
