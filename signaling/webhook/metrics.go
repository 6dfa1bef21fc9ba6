package webhook

import "github.com/prometheus/client_golang/prometheus"

// collector exports the counters of deliverers.
type collector struct {
	sender                     *Sender
	events, refusals, queueing *prometheus.Desc
}

// Collectors returns the Sender's metrics.
func (s *Sender) Collectors() []prometheus.Collector {
	return []prometheus.Collector{&collector{
		sender: s,
		events: prometheus.NewDesc("tilemix_webhook_events_total",
			"Events that were delivered, failed (refused, or given up for their age), or were dropped (of a full queue, or unreadable).",
			[]string{"webhook", "result"}, nil),
		refusals: prometheus.NewDesc("tilemix_webhook_failed_attempts_total",
			"Requests that were not answered with a status of 2xx.", []string{"webhook"}, nil),
		queueing: prometheus.NewDesc("tilemix_webhook_queued_events",
			"Events that wait to be delivered.", []string{"webhook"}, nil),
	}}
}

// Describe implements prometheus.Collector.
func (m *collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- m.events
	ch <- m.refusals
	ch <- m.queueing
}

// Collect implements prometheus.Collector.
func (m *collector) Collect(ch chan<- prometheus.Metric) {
	for _, c := range *m.sender.all.Load() {
		count := func(d *prometheus.Desc, n uint64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
		}
		count(m.events, c.delivered.Load(), c.label, "delivered")
		count(m.events, c.failed.Load(), c.label, "failed")
		count(m.events, c.dropped.Load(), c.label, "dropped")
		count(m.refusals, c.refusals.Load(), c.label)
		ch <- prometheus.MustNewConstMetric(m.queueing, prometheus.GaugeValue, float64(c.spool.len()), c.label)
	}
}
