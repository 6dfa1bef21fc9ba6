package main

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/cmd/tilemix/logs"
	"tilemix/cmd/tilemix/startup"
	"tilemix/cmd/tilemix/tracing"
	"tilemix/mcu"
	"tilemix/signaling"
)

// traces has what the server reports traced. Without a Tracer it costs nothing.
type traces struct{ *tracing.Tracer }

// newTraces returns what traces a server with these settings.
func newTraces(s *operateSettings, k *knobs, log *slog.Logger) (traces, error) {
	t, err := tracing.New(tracing.Config{
		Endpoint: s.OTLPEndpoint, Headers: string(s.OTLPHeaders), Version: startup.This().Version,
		Shown: logs.Config{Private: &k.private}.Shown,
	}, log)
	return traces{t}, err
}

// rooms has rooms, recordings and outputs report what they took.
func (t traces) rooms(cfg *mcu.Config) {
	if t.Tracer != nil {
		cfg.Spans = t.Span
	}
}

// site has requests report what they took.
func (t traces) site(cfg *signaling.Config) {
	if t.Tracer != nil {
		cfg.Trace = t.Request
	}
}

// counted adds the counters of traces to those of others.
func (t traces) counted(others ...prometheus.Collector) []prometheus.Collector {
	if t.Tracer == nil {
		return others
	}
	return append(others, t.Collectors()...)
}

// with adds what sends traces to what runs last, so that the end of each call is sent too.
func (t traces) with(last ...runner) runAll {
	if t.Tracer == nil {
		return last
	}
	return append(last, t.Tracer)
}
