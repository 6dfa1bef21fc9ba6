package session

import (
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/ingest"
	"tilemix/mcu/metrics"
	"tilemix/mcu/quality"
	"tilemix/mcu/silence"
)

// skewBounds are in seconds, on either side.
func skewBounds() []float64 {
	return []float64{-.4, -.2, -.1, -.06, -.04, -.02, 0, .02, .04, .06, .1, .2, .4}
}

// Metrics is what the sessions of all rooms count. It is safe for concurrent use.
type Metrics struct {
	metrics.Group
	reassemble, decode, lipSync prometheus.Observer
	silent, quality             *prometheus.CounterVec
	video                       *metrics.Sum[ingest.VideoStats]
	voice                       *metrics.Sum[ingest.VoiceStats]
}

// NewMetrics returns the collector.
func NewMetrics() *Metrics {
	reassemble, decode := metrics.Stage("reassemble"), metrics.Stage("decode")
	lips := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "tilemix_lipsync_seconds", Buckets: skewBounds(),
		Help: "How much later than its sound a speaker's picture is mixed; negative is earlier.",
	})
	silent := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tilemix_silent_sources_total", Help: "Cameras and microphones of which nothing was seen or heard for 5 s, once for each and reason.",
	}, []string{"kind", "reason"})
	spent := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tilemix_quality_seconds_total", Help: "Time that participants and viewers had media of each quality, by what made it so.",
	}, []string{"quality", "cause", "direction"})
	video := newUplink(videoCounts, "tilemix_uplink_video_total", "What came of cameras' packets.")
	voice := newUplink(voiceCounts, "tilemix_uplink_audio_total", "What came of microphones' packets.")
	return &Metrics{
		Group:  metrics.Group{reassemble, decode, lips, silent, spent, video, voice},
		silent: silent, quality: spent, reassemble: reassemble, decode: decode, lipSync: lips,
		video: video.Sum, voice: voice.Sum,
	}
}

// Silent counts a camera or a microphone of which nothing is seen or heard, and why.
func (m *Metrics) Silent(kind string, why silence.Reason) {
	m.silent.WithLabelValues(kind, string(why)).Inc()
}

// Quality counts a second of a participant's media.
func (m *Metrics) Quality(f quality.Finding) {
	m.quality.WithLabelValues(f.Level.String(), string(f.Cause), string(f.Direction)).Inc()
}

// counted is one number of T, and its name in a metric.
type counted[T any] struct {
	what string
	of   func(*T) *uint64
}

var videoCounts = []counted[ingest.VideoStats]{
	{"packets", func(n *ingest.VideoStats) *uint64 { return &n.Packets }},
	{"dropped", func(n *ingest.VideoStats) *uint64 { return &n.Dropped }},
	{"pictures", func(n *ingest.VideoStats) *uint64 { return &n.Pictures }},
	{"lost", func(n *ingest.VideoStats) *uint64 { return &n.Lost }},
	{"corrupt", func(n *ingest.VideoStats) *uint64 { return &n.Corrupt }},
	{"capped", func(n *ingest.VideoStats) *uint64 { return &n.Capped }},
	{"oversize", func(n *ingest.VideoStats) *uint64 { return &n.Oversize }},
	{"no_memory", func(n *ingest.VideoStats) *uint64 { return &n.NoMemory }},
	{"lagged", func(n *ingest.VideoStats) *uint64 { return &n.Lagged }},
	{"starved", func(n *ingest.VideoStats) *uint64 { return &n.Starved }},
	{"key_requests", func(n *ingest.VideoStats) *uint64 { return &n.KeyRequests }},
}

var voiceCounts = []counted[ingest.VoiceStats]{
	{"packets", func(n *ingest.VoiceStats) *uint64 { return &n.Received }},
	{"dropped", func(n *ingest.VoiceStats) *uint64 { return &n.Dropped }},
	{"late", func(n *ingest.VoiceStats) *uint64 { return &n.Late }},
	{"duplicate", func(n *ingest.VoiceStats) *uint64 { return &n.Duplicate }},
	{"lost", func(n *ingest.VoiceStats) *uint64 { return &n.Lost }},
	{"recovered", func(n *ingest.VoiceStats) *uint64 { return &n.Recovered }},
	{"concealed", func(n *ingest.VoiceStats) *uint64 { return &n.Concealed }},
	{"corrupt", func(n *ingest.VoiceStats) *uint64 { return &n.Corrupt }},
}

// uplink collects the counters of all cameras, or of all microphones.
type uplink[T any] struct {
	*metrics.Sum[T]
	counts []counted[T]
	desc   *prometheus.Desc
}

func newUplink[T any](counts []counted[T], name, help string) uplink[T] {
	add := func(sum *T, n T) {
		for _, c := range counts {
			*c.of(sum) += *c.of(&n)
		}
	}
	return uplink[T]{metrics.NewSum(add), counts, prometheus.NewDesc(name, help, []string{"what"}, nil)}
}

// Describe is prometheus.Collector's.
func (u uplink[T]) Describe(ch chan<- *prometheus.Desc) { ch <- u.desc }

// Collect is prometheus.Collector's.
func (u uplink[T]) Collect(ch chan<- prometheus.Metric) {
	total := u.Total()
	for _, c := range u.counts {
		ch <- prometheus.MustNewConstMetric(u.desc, prometheus.CounterValue, float64(*c.of(&total)), c.what)
	}
}
