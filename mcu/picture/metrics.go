package picture

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/metrics"
	"tilemix/mcu/rendition"
)

// Metrics is what the picture clocks of all rooms count. It is safe for concurrent use.
type Metrics struct {
	metrics.Group
	wait, compose, encode, send, latency prometheus.Observer
	missed                               prometheus.Counter
	movesUp, movesDown, keysIgnored      prometheus.Counter
	fallen                               prometheus.Counter
	errors                               prometheus.Counter // somebody else's collector has it
	renditions                           *rendition.Metrics
}

// NewMetrics returns the collector, with that of renditions in it. Errors counts what
// could not be encoded, here and elsewhere.
func NewMetrics(renditions *rendition.Metrics, errors prometheus.Counter) *Metrics {
	wait, compose := metrics.Stage("wait"), metrics.Stage("compose")
	encode, send := metrics.Stage("encode"), metrics.Stage("send")
	latency := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "tilemix_picture_latency_seconds", Buckets: metrics.StageBuckets(),
		Help: "From a picture's last packet in to the first packet out of the mix that shows it.",
	})
	missed := metrics.MissedTicks("picture")
	moves := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tilemix_rendition_moves_total", Help: "Viewers who were given a better rendition, or a lesser one.",
	}, []string{"to"})
	ignored := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tilemix_key_requests_ignored_total", Help: "Requests for an IDR by viewers who had caused too many.",
	})
	fallen := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tilemix_sink_views_fallen_total", Help: "Recordings, outputs and broadcasts whose own view the server was too busy for.",
	})
	return &Metrics{
		Group: metrics.Group{wait, compose, encode, send, latency, missed, moves, ignored, fallen, renditions},
		wait:  wait, compose: compose, encode: encode, send: send, latency: latency, missed: missed,
		movesUp: moves.WithLabelValues("better"), movesDown: moves.WithLabelValues("lesser"),
		keysIgnored: ignored, fallen: fallen, errors: errors, renditions: renditions,
	}
}

// Fallen counts a sink that has lost its own view.
func (m *Metrics) Fallen() { m.fallen.Inc() }

// counts are what one clock counts of itself. Any goroutine may read them.
type counts struct {
	missed, late        atomic.Uint64 // ticks
	composing, encoding atomic.Int64  // ns
}

// Missed returns how many ticks were left out, and how many came a quarter of their period late.
func (c *counts) Missed() (missed, late uint64) { return c.missed.Load(), c.late.Load() }

// Spent returns the time that drawing has taken, and that encoders of all renditions have taken.
func (c *counts) Spent() (composing, encoding time.Duration) {
	return time.Duration(c.composing.Load()), time.Duration(c.encoding.Load())
}
