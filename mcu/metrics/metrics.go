// Package metrics has what the collectors of several packages share: sums over sources
// that come and go, and the metrics that more than one package has a part of.
//
//	uplink, rendition ──▶ Sum.Add ──▶ Sum.Total ──▶ the package's Collector ──▶ /metrics
package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Sum adds up the numbers of all sources of a kind that are and were, so that no sum ever
// falls when a source ends. It is safe for concurrent use. No clock takes its lock.
type Sum[T any] struct {
	add func(sum *T, n T)

	mu      sync.Mutex // guards what follows
	live    map[int]func() T
	next    int
	retired T
}

// NewSum returns a sum of nothing. The function adds numbers to a sum.
func NewSum[T any](add func(sum *T, n T)) *Sum[T] {
	return &Sum[T]{add: add, live: make(map[int]func() T)}
}

// Add makes a source part of the sum. Its numbers stay in the sum when retire is called,
// as the source ends; what is counted of it after that is not.
func (s *Sum[T]) Add(read func() T) (retire func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.next
	s.next++
	s.live[id] = read
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, ok := s.live[id]; ok {
			delete(s.live, id)
			s.add(&s.retired, read())
		}
	}
}

// Total returns the sum over all sources that are and were.
func (s *Sum[T]) Total() T {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := s.retired
	for _, read := range s.live {
		s.add(&sum, read())
	}
	return sum
}

// Live returns how many sources there are.
func (s *Sum[T]) Live() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.live)
}

// Stage returns the histogram of the time that a picture or a block of sound spends in
// one stage. Each stage belongs to one package.
func Stage(name string) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:        "tilemix_stage_seconds",
		Help:        "Time a picture or a block of sound spends in each stage.",
		Buckets:     StageBuckets(),
		ConstLabels: prometheus.Labels{"stage": name},
	})
}

// StageBuckets are bounds in seconds, fine where the budget of a picture is spent.
func StageBuckets() []float64 {
	return []float64{.0005, .001, .002, .003, .005, .0075, .01, .015, .02, .03, .04, .05, .07, .1, .2, .5}
}

// MissedTicks returns the counter of the ticks that a clock was too late for.
func MissedTicks(clock string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{
		Name:        "tilemix_missed_ticks_total",
		Help:        "Ticks that a clock was too late for.",
		ConstLabels: prometheus.Labels{"clock": clock},
	})
}

// Group is the metrics of one package as one collector.
type Group []prometheus.Collector

// Describe is prometheus.Collector's.
func (g Group) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range g {
		c.Describe(ch)
	}
}

// Collect is prometheus.Collector's.
func (g Group) Collect(ch chan<- prometheus.Metric) {
	for _, c := range g {
		c.Collect(ch)
	}
}
