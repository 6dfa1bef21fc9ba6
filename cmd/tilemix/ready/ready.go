// Package ready says whether the server can take calls.
package ready

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"tilemix/mcu/folder"
	"tilemix/signaling"
)

const (
	// fresh (1 s) is how long what was found counts, because anybody may ask.
	fresh = time.Second
	// leastFree (5 %) of the disk are to be free.
	leastFree = 0.05
	// lateTicks (25) missed in one second, in each room, mean that rooms are late: half of those of
	// the sound clock.
	lateTicks = 25
)

// Config says what there is to look at. No field may be nil but FFmpeg.
type Config struct {
	Sockets func() int // of media that are open
	Dir     string     // the data folder
	Free    func(dir string) (free, size int64, err error)
	Missed  func() float64 // ticks that the clocks of rooms left out so far
	Rooms   func() int
	FFmpeg  func() error // why FFmpeg does not work; nil: no setting needs it
	Drain   func() error // that the server drains, nil: it does not
}

// Watch looks at the server. It is safe for concurrent use and has no goroutine.
type Watch struct {
	cfg Config

	mu     sync.Mutex // guards what follows
	at     time.Time  // of the last look
	missed float64    // until then
	found  []signaling.Condition
}

// New returns a watch that has not looked yet.
func New(cfg Config) *Watch {
	if cfg.Free == nil {
		cfg.Free = folder.Free
	}
	return &Watch{cfg: cfg}
}

// Conditions returns how the server is at now. The caller does not change the slice.
func (w *Watch) Conditions(now time.Time) []signaling.Condition {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.found == nil || now.Sub(w.at) >= fresh {
		clocks := w.clocks(now)
		w.found = []signaling.Condition{
			{Name: "media", Err: w.media(), Needed: true},
			{Name: "disk", Err: w.disk(), Needed: true},
			{Name: "clocks", Err: clocks, Needed: true},
		}
		if w.cfg.FFmpeg != nil {
			w.found = append(w.found, signaling.Condition{Name: "ffmpeg", Err: w.cfg.FFmpeg(), Needed: true})
		}
	}
	return append(slices.Clip(w.found), signaling.Condition{Name: "drain", Err: w.cfg.Drain(), Needed: true})
}

func (w *Watch) media() error {
	if w.cfg.Sockets() == 0 {
		return errors.New("no address receives media: the machine has none, or --media-listen names none that it has")
	}
	return nil
}

func (w *Watch) disk() error {
	free, size, err := w.cfg.Free(w.cfg.Dir)
	switch {
	case err != nil:
		return errors.New("the data folder cannot be read") // anybody may ask, so its path is not said
	case size > 0 && float64(free) < leastFree*float64(size):
		return fmt.Errorf("%.1f %% of the disk of the data folder are free, less than %.0f %%", 100*float64(free)/float64(size), 100*leastFree)
	}
	return nil
}

// clocks says whether rooms are late, by the ticks that were missed since the last look.
func (w *Watch) clocks(now time.Time) error {
	missed := w.cfg.Missed()
	since, more := now.Sub(w.at).Seconds(), missed-w.missed
	first := w.at.IsZero()
	w.at, w.missed = now, missed
	if rooms := max(1, w.cfg.Rooms()); !first && more > lateTicks*since*float64(rooms) {
		return fmt.Errorf("rooms are late: their clocks left %.0f ticks out in %.0f s", more, since)
	}
	return nil
}

// Sum returns the sum of a metric, over all labels.
func Sum(name string, of []prometheus.Collector) (sum float64) {
	registry := prometheus.NewRegistry()
	for _, c := range of {
		if registry.Register(c) != nil {
			return 0
		}
	}
	families, _ := registry.Gather() // with an error it returns what it has
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += value(m)
			}
		}
	}
	return sum
}

func value(m *dto.Metric) float64 { return m.GetCounter().GetValue() + m.GetGauge().GetValue() }
