package session

import (
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/ingest"
	"tilemix/mcu/metrics"
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
	silent                      *prometheus.CounterVec
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
	m := &Metrics{
		silent: silent, reassemble: reassemble, decode: decode, lipSync: lips,
		video: metrics.NewSum(addVideo), voice: metrics.NewSum(addVoice),
	}
	m.Group = metrics.Group{reassemble, decode, lips, silent, uplinks{
		m.video, m.voice,
		prometheus.NewDesc("tilemix_uplink_video_total", "What came of cameras' packets.", []string{"what"}, nil),
		prometheus.NewDesc("tilemix_uplink_audio_total", "What came of microphones' packets.", []string{"what"}, nil),
	}}
	return m
}

// Silent counts a camera or a microphone of which nothing is seen or heard, and why.
func (m *Metrics) Silent(kind string, why silence.Reason) {
	m.silent.WithLabelValues(kind, string(why)).Inc()
}

// uplinks collects the counters of cameras and microphones.
type uplinks struct {
	video                *metrics.Sum[ingest.VideoStats]
	voice                *metrics.Sum[ingest.VoiceStats]
	videoDesc, voiceDesc *prometheus.Desc
}

// Describe is prometheus.Collector's.
func (u uplinks) Describe(ch chan<- *prometheus.Desc) {
	ch <- u.videoDesc
	ch <- u.voiceDesc
}

// Collect is prometheus.Collector's.
func (u uplinks) Collect(ch chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, what string, n uint64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), what)
	}
	v := u.video.Total()
	send(u.videoDesc, "packets", v.Packets)
	send(u.videoDesc, "dropped", v.Dropped)
	send(u.videoDesc, "pictures", v.Pictures)
	send(u.videoDesc, "lost", v.Lost)
	send(u.videoDesc, "corrupt", v.Corrupt)
	send(u.videoDesc, "capped", v.Capped)
	send(u.videoDesc, "oversize", v.Oversize)
	send(u.videoDesc, "no_memory", v.NoMemory)
	send(u.videoDesc, "lagged", v.Lagged)
	send(u.videoDesc, "starved", v.Starved)
	send(u.videoDesc, "key_requests", v.KeyRequests)
	a := u.voice.Total()
	send(u.voiceDesc, "packets", a.Received)
	send(u.voiceDesc, "dropped", a.Dropped)
	send(u.voiceDesc, "late", a.Late)
	send(u.voiceDesc, "duplicate", a.Duplicate)
	send(u.voiceDesc, "lost", a.Lost)
	send(u.voiceDesc, "recovered", a.Recovered)
	send(u.voiceDesc, "concealed", a.Concealed)
	send(u.voiceDesc, "corrupt", a.Corrupt)
}

func addVideo(sum *ingest.VideoStats, n ingest.VideoStats) {
	sum.Packets += n.Packets
	sum.Dropped += n.Dropped
	sum.Pictures += n.Pictures
	sum.Lost += n.Lost
	sum.Corrupt += n.Corrupt
	sum.Capped += n.Capped
	sum.Oversize += n.Oversize
	sum.NoMemory += n.NoMemory
	sum.Lagged += n.Lagged
	sum.Starved += n.Starved
	sum.KeyRequests += n.KeyRequests
}

func addVoice(sum *ingest.VoiceStats, n ingest.VoiceStats) {
	sum.Received += n.Received
	sum.Dropped += n.Dropped
	sum.Late += n.Late
	sum.Duplicate += n.Duplicate
	sum.Lost += n.Lost
	sum.Recovered += n.Recovered
	sum.Concealed += n.Concealed
	sum.Corrupt += n.Corrupt
}
