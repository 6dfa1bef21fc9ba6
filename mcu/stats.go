package mcu

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/fanout"
	"tilemix/mcu/ingest"
)

// stats are the server's numbers: histograms of each stage, and the counters
// that uplinks and renditions keep anyway, summed over all that are and were.
type stats struct {
	server *Server

	reassemble, decode, wait, compose, encode, send prometheus.Observer
	pictureLatency, mix                             prometheus.Observer
	missedPictures, missedSound                     prometheus.Counter
	soundEncodes, encodeErrors                      prometheus.Counter

	retired totals
	all     []prometheus.Collector
}

// totals sums counters; those of what is gone stay in it.
type totals struct {
	video    [8]atomic.Uint64
	voice    [8]atomic.Uint64
	encodes  atomic.Uint64
	keys     atomic.Uint64
	encBytes atomic.Uint64
}

// stageBuckets are seconds, fine where the budget of a picture is spent.
var stageBuckets = []float64{.0005, .001, .002, .003, .005, .0075, .01, .015, .02, .03, .04, .05, .07, .1, .2, .5}

func newStats(s *Server) *stats {
	st := &stats{server: s}
	stage := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "tilemix_stage_seconds", Buckets: stageBuckets,
		Help: "Time a picture or a block of sound spends in each stage.",
	}, []string{"stage"})
	latency := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "tilemix_picture_latency_seconds", Buckets: stageBuckets,
		Help: "From a picture's last packet in to the first packet out of the mix that shows it.",
	})
	missed := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tilemix_missed_ticks_total", Help: "Ticks that a clock was too late for.",
	}, []string{"clock"})
	st.soundEncodes = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tilemix_sound_encodes_total", Help: "Blocks of sound encoded.",
	})
	st.encodeErrors = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tilemix_encode_errors_total", Help: "Pictures and blocks of sound that could not be encoded.",
	})
	st.reassemble, st.decode = stage.WithLabelValues("reassemble"), stage.WithLabelValues("decode")
	st.wait, st.compose = stage.WithLabelValues("wait"), stage.WithLabelValues("compose")
	st.encode, st.send = stage.WithLabelValues("encode"), stage.WithLabelValues("send")
	st.mix = stage.WithLabelValues("mix")
	st.missedPictures, st.missedSound = missed.WithLabelValues("picture"), missed.WithLabelValues("sound")
	st.pictureLatency = latency
	st.all = []prometheus.Collector{stage, latency, missed, st.soundEncodes, st.encodeErrors, st}
	return st
}

// Collectors returns the server's metrics.
func (s *Server) Collectors() []prometheus.Collector { return s.stats.all }

// videoNames and voiceNames name the counters of totals, in its order.
var (
	videoNames = []string{"packets", "dropped", "pictures", "lost", "corrupt", "capped", "starved", "key_requests"}
	voiceNames = []string{"packets", "dropped", "late", "duplicate", "lost", "recovered", "concealed", "corrupt"}
)

var (
	videoDesc   = prometheus.NewDesc("tilemix_uplink_video_total", "What came of cameras' packets.", []string{"what"}, nil)
	voiceDesc   = prometheus.NewDesc("tilemix_uplink_audio_total", "What came of microphones' packets.", []string{"what"}, nil)
	encodesDesc = prometheus.NewDesc("tilemix_picture_encodes_total", "Pictures of the mix encoded.", nil, nil)
	keysDesc    = prometheus.NewDesc("tilemix_key_frames_total", "IDRs among the pictures of the mix.", nil, nil)
	bytesDesc   = prometheus.NewDesc("tilemix_picture_bytes_total", "Bytes of the pictures of the mix.", nil, nil)
	roomsDesc   = prometheus.NewDesc("tilemix_rooms", "Rooms.", nil, nil)
	peopleDesc  = prometheus.NewDesc("tilemix_participants", "Participants and viewers in all rooms.", []string{"kind"}, nil)
	framesDesc  = prometheus.NewDesc("tilemix_frames_live", "Pictures held in memory.", nil, nil)
)

// Describe is prometheus.Collector's.
func (s *stats) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		videoDesc, voiceDesc, encodesDesc, keysDesc, bytesDesc, roomsDesc, peopleDesc, framesDesc,
	} {
		ch <- d
	}
}

// Collect is prometheus.Collector's.
func (s *stats) Collect(ch chan<- prometheus.Metric) {
	var t totals
	t.add(&s.retired)
	var people, viewers, frames int
	rooms := s.server.allRooms()
	for _, r := range rooms {
		frames += r.pool.Live()
		t.addRendition(r.view.Stats())
		for _, seat := range r.scene.Load().seats {
			if seat.p.viewer {
				viewers++
			} else {
				people++
			}
			t.addVideo(seat.video)
			t.addVoice(seat.voice)
		}
	}
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	for i, name := range videoNames {
		counter(videoDesc, t.video[i].Load(), name)
	}
	for i, name := range voiceNames {
		counter(voiceDesc, t.voice[i].Load(), name)
	}
	counter(encodesDesc, t.encodes.Load())
	counter(keysDesc, t.keys.Load())
	counter(bytesDesc, t.encBytes.Load())
	gauge(roomsDesc, len(rooms))
	gauge(peopleDesc, people, "participant")
	gauge(peopleDesc, viewers, "viewer")
	gauge(framesDesc, frames)
}

func (s *stats) retireVideo(v *ingest.Video)        { s.retired.addVideo(v) }
func (s *stats) retireVoice(v *ingest.Voice)        { s.retired.addVoice(v) }
func (s *stats) retireView(v fanout.RenditionStats) { s.retired.addRendition(v) }

func (t *totals) add(o *totals) {
	for i := range t.video {
		t.video[i].Add(o.video[i].Load())
	}
	for i := range t.voice {
		t.voice[i].Add(o.voice[i].Load())
	}
	t.encodes.Add(o.encodes.Load())
	t.keys.Add(o.keys.Load())
	t.encBytes.Add(o.encBytes.Load())
}

func (t *totals) addVideo(v *ingest.Video) {
	if v == nil {
		return
	}
	s := v.Stats()
	for i, n := range []uint64{s.Packets, s.Dropped, s.Pictures, s.Lost, s.Corrupt, s.Capped, s.Starved, s.KeyRequests} {
		t.video[i].Add(n)
	}
}

func (t *totals) addVoice(v *ingest.Voice) {
	if v == nil {
		return
	}
	s := v.Stats()
	for i, n := range []uint64{
		s.Received, s.Dropped, s.Late, s.Duplicate, s.Lost, s.Recovered, s.Concealed, s.Corrupt,
	} {
		t.voice[i].Add(n)
	}
}

func (t *totals) addRendition(s fanout.RenditionStats) {
	t.encodes.Add(s.Encodes)
	t.keys.Add(s.KeyFrames)
	t.encBytes.Add(s.Bytes)
}
