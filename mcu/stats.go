package mcu

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/codec"
	"tilemix/mcu/ingest"
)

// stats are the server's numbers: histograms of each stage, and the counters
// that uplinks, renditions and sockets keep anyway, summed over all that are and
// were.
type stats struct {
	server *Server

	reassemble, decode, wait, compose, encode, send prometheus.Observer
	pictureLatency, mix, lipSync                    prometheus.Observer
	missedPictures, missedSound                     prometheus.Counter
	soundEncodes, encodeErrors                      prometheus.Counter
	movesUp, movesDown, keysIgnored                 prometheus.Counter

	mu      sync.Mutex // guards what follows; the clocks never take it
	sources map[*source]bool
	retired totals // of the sources that are gone

	all []prometheus.Collector
}

// source adds the counters of one uplink or rendition.
type source struct{ add func(*totals) }

// totals sums counters.
type totals struct {
	video      [9]uint64
	voice      [8]uint64
	renditions [codec.Kinds][maxRungs]renditionTotals
}

// stageBuckets are seconds, fine where the budget of a picture is spent.
var stageBuckets = []float64{.0005, .001, .002, .003, .005, .0075, .01, .015, .02, .03, .04, .05, .07, .1, .2, .5}

// skewBuckets are seconds, on either side.
var skewBuckets = []float64{-.4, -.2, -.1, -.06, -.04, -.02, 0, .02, .04, .06, .1, .2, .4}

func newStats(s *Server) *stats {
	st := &stats{server: s, sources: make(map[*source]bool)}
	stage := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "tilemix_stage_seconds", Buckets: stageBuckets,
		Help: "Time a picture or a block of sound spends in each stage.",
	}, []string{"stage"})
	latency := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "tilemix_picture_latency_seconds", Buckets: stageBuckets,
		Help: "From a picture's last packet in to the first packet out of the mix that shows it.",
	})
	lips := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "tilemix_lipsync_seconds", Buckets: skewBuckets,
		Help: "How much later than his sound a speaker's picture is mixed; negative is earlier.",
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
	moves := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tilemix_rendition_moves_total", Help: "Viewers who were given a better rendition, or a lesser one.",
	}, []string{"to"})
	st.movesUp, st.movesDown = moves.WithLabelValues("better"), moves.WithLabelValues("lesser")
	st.keysIgnored = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tilemix_key_requests_ignored_total", Help: "Requests for an IDR by viewers who had caused too many.",
	})
	st.reassemble, st.decode = stage.WithLabelValues("reassemble"), stage.WithLabelValues("decode")
	st.wait, st.compose = stage.WithLabelValues("wait"), stage.WithLabelValues("compose")
	st.encode, st.send = stage.WithLabelValues("encode"), stage.WithLabelValues("send")
	st.mix = stage.WithLabelValues("mix")
	st.missedPictures, st.missedSound = missed.WithLabelValues("picture"), missed.WithLabelValues("sound")
	st.pictureLatency, st.lipSync = latency, lips
	st.all = []prometheus.Collector{stage, latency, lips, missed, moves, st.keysIgnored, st.soundEncodes, st.encodeErrors, st, turnStats{s}, lineStats{s}}
	return st
}

// Collectors returns the server's metrics.
func (s *Server) Collectors() []prometheus.Collector { return s.stats.all }

// videoNames and voiceNames name the counters of totals, in its order.
var (
	videoNames = []string{"packets", "dropped", "pictures", "lost", "corrupt", "capped", "lagged", "starved", "key_requests"}
	voiceNames = []string{"packets", "dropped", "late", "duplicate", "lost", "recovered", "concealed", "corrupt"}
)

var (
	videoDesc  = prometheus.NewDesc("tilemix_uplink_video_total", "What came of cameras' packets.", []string{"what"}, nil)
	voiceDesc  = prometheus.NewDesc("tilemix_uplink_audio_total", "What came of microphones' packets.", []string{"what"}, nil)
	roomsDesc  = prometheus.NewDesc("tilemix_rooms", "Rooms.", nil, nil)
	peopleDesc = prometheus.NewDesc("tilemix_participants", "Participants and viewers in all rooms.", []string{"kind"}, nil)
	socketDesc = prometheus.NewDesc("tilemix_socket_packets_total", "What came of the packets to be sent.", []string{"what"}, nil)
	errorsDesc = prometheus.NewDesc("tilemix_downlink_errors_total", "Packets of the mix that a connection did not take.", nil, nil)
	slowDesc   = prometheus.NewDesc("tilemix_data_channel_slow_closed_total", "Control channels closed because their client did not read.", nil, nil)
	framesDesc = prometheus.NewDesc("tilemix_frames_live", "Pictures held in memory.", nil, nil)
)

// Describe is prometheus.Collector's.
func (s *stats) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		videoDesc, voiceDesc, renditionsDesc, encodesDesc, keysDesc, replaysDesc, skippedDesc, bytesDesc, viewersDesc, roomsDesc, peopleDesc, framesDesc,
		socketDesc, errorsDesc, slowDesc,
	} {
		ch <- d
	}
}

// Collect is prometheus.Collector's.
func (s *stats) Collect(ch chan<- prometheus.Metric) {
	t := s.totals()
	var people, viewers, frames int
	rooms := s.server.allRooms()
	for _, r := range rooms {
		frames += r.pool.Live()
		for _, seat := range r.scene.Load().seats {
			if seat.p.viewer {
				viewers++
			} else {
				people++
			}
		}
	}
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	for i, name := range videoNames {
		counter(videoDesc, t.video[i], name)
	}
	for i, name := range voiceNames {
		counter(voiceDesc, t.voice[i], name)
	}
	s.collectRenditions(ch, &t)
	out := s.server.api.Stats()
	counter(socketDesc, out.Sent, "sent")
	counter(socketDesc, out.Dropped, "dropped")
	counter(socketDesc, out.Refused, "refused")
	counter(errorsDesc, out.DownlinkErrors)
	counter(slowDesc, out.SlowChannels)
	gauge(roomsDesc, len(rooms))
	gauge(peopleDesc, people, "participant")
	gauge(peopleDesc, viewers, "viewer")
	gauge(framesDesc, frames)
}

// count makes a source part of the sums. It stays in them when retire is called,
// as it ends; what little is counted of it after that is not.
func (s *stats) count(add func(*totals)) (retire func()) {
	src := &source{add}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sources[src] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.sources, src)
		add(&s.retired)
	}
}

// totals sums over all sources that are and were.
func (s *stats) totals() totals {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.retired
	for src := range s.sources {
		src.add(&t)
	}
	return t
}

func (s *stats) countVideo(v *ingest.Video) (retire func()) {
	return s.count(func(t *totals) {
		n := v.Stats()
		add(t.video[:],
			n.Packets, n.Dropped, n.Pictures, n.Lost, n.Corrupt, n.Capped, n.Lagged, n.Starved, n.KeyRequests,
		)
	})
}

func (s *stats) countVoice(v *ingest.Voice) (retire func()) {
	return s.count(func(t *totals) {
		n := v.Stats()
		add(t.voice[:],
			n.Received, n.Dropped, n.Late, n.Duplicate, n.Lost, n.Recovered, n.Concealed, n.Corrupt,
		)
	})
}

// add adds each of what is counted to the sum of its place.
func add(sums []uint64, counted ...uint64) {
	for i, n := range counted {
		sums[i] += n
	}
}
