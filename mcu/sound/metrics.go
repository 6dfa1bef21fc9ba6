package sound

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/metrics"
)

// Metrics is what the sound clocks of all rooms count. It is safe for concurrent use.
type Metrics struct {
	metrics.Group
	mix             prometheus.Observer
	missed, encodes prometheus.Counter
	errors          prometheus.Counter // somebody else's collector has it
}

// NewMetrics returns the collector. Errors counts what could not be encoded, here and
// elsewhere.
func NewMetrics(errors prometheus.Counter) *Metrics {
	mix, missed := metrics.Stage("mix"), metrics.MissedTicks("sound")
	encodes := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tilemix_sound_encodes_total", Help: "Blocks of sound encoded.",
	})
	return &Metrics{
		Group: metrics.Group{mix, missed, encodes},
		mix:   mix, missed: missed, encodes: encodes, errors: errors,
	}
}

// cost is what one clock counts of itself. Any goroutine may read it.
type cost struct{ spent atomic.Int64 } // ns

// Spent returns the time that mixing and encoding have taken.
func (c *cost) Spent() time.Duration { return time.Duration(c.spent.Load()) }
