// Package tracing sends to a collector of OpenTelemetry how long requests, joins, recordings and outputs took.
//
//	request ends ──▶ Tracer.Request ─┐
//	join, recording, output ends ──▶ Tracer.Span ──▶ queue of 2048 ──▶ Run: batches ──▶ POST …/v1/traces
//
// A request begins a trace, whose ID is the ID of the request in the log and in X-Request-Id. What the
// request began is in the same trace. The first half of a trace's ID is the ID of its first span, so that no
// table of requests is needed. Spans are made when they have ended.
//
// The server takes no trace from clients, because they could choose the IDs that the log has.
package tracing

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"tilemix/mcu/event"
)

const (
	maxQueue = 2048        // spans that wait; the newest is dropped
	maxBatch = 512         // spans of one request to the collector
	gather   = time.Second // that a span waits for others
	lastTime = time.Second // for a batch when the server stops
)

// Config says where traces go.
type Config struct {
	Endpoint string // base URL of the collector, to which /v1/traces is added
	Headers  string // of each request to it: NAME=VALUE,…, values percent-encoded
	Version  string // of the server
	// Shown returns an attribute of the log as it may leave the server, the zero Attr for one that may not.
	Shown func(slog.Attr) slog.Attr
}

// Tracer makes spans and sends them. It is safe for concurrent use. Its only goroutine is Run's. The nil Tracer
// traces nothing.
type Tracer struct {
	cfg    Config
	log    *slog.Logger
	tracer trace.Tracer
	queue  queue
	to     *collector
	out    *otlptrace.Exporter // to it
	sent   atomic.Uint64
	failed atomic.Uint64
}

// New returns a Tracer that has to Run, nil for a Config without an endpoint. It fails when the endpoint or the
// headers are wrong.
func New(cfg Config, log *slog.Logger) (*Tracer, error) {
	if cfg.Endpoint == "" {
		return nil, nil
	}
	c, err := newCollector(cfg.Endpoint, cfg.Headers)
	if err != nil {
		return nil, err
	}
	t := &Tracer{cfg: cfg, log: log, queue: queue{waiting: make(chan sdk.ReadOnlySpan, maxQueue), dropped: new(atomic.Uint64)}, to: c, out: otlptrace.NewUnstarted(c)}
	own := resource.NewSchemaless(attribute.String("service.name", "tilemix"), attribute.String("service.version", cfg.Version))
	named, err := resource.New(context.Background(), resource.WithFromEnv()) // OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	if own, err = resource.Merge(own, named); err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	provider := sdk.NewTracerProvider(sdk.WithResource(own), sdk.WithSampler(sdk.AlwaysSample()), sdk.WithIDGenerator(ids{}), sdk.WithSpanProcessor(t.queue))
	t.tracer = provider.Tracer("tilemix")
	return t, nil
}

// untraced are the beginnings of routes that programs ask for all the time.
var untraced = []string{"/livez", "/readyz", "/healthz", "/metrics", "/static/", "/hls/"}

// Request begins the trace of a request of a route. It returns the ID of the trace, and what takes the
// attributes of the request's line in the log when the request has been answered. Requests of health checks,
// metrics, static files and segments are not traced: their ID is "".
func (t *Tracer) Request(method, route string) (id string, end func(line []slog.Attr)) {
	if slices.ContainsFunc(untraced, func(p string) bool { return strings.HasPrefix(route, p) }) {
		return "", func([]slog.Attr) {}
	}
	tid, begin := newTrace(), time.Now()
	return tid.String(), func(line []slog.Attr) {
		name, err := method+" "+route, ""
		attrs := []attribute.KeyValue{attribute.String("http.request.method", method), attribute.String("http.route", route)}
		for _, a := range line {
			switch a = t.cfg.Shown(a); a.Key {
			case "room":
				attrs = append(attrs, attribute.String("tilemix.room", a.Value.String()))
			case "status":
				attrs = append(attrs, attribute.Int64("http.response.status_code", a.Value.Int64()))
				if a.Value.Int64() >= http.StatusInternalServerError {
					err = http.StatusText(int(a.Value.Int64()))
				}
			case "from":
				attrs = append(attrs, attribute.String("client.address", a.Value.String()))
			case "reason":
				attrs = append(attrs, attribute.String("error.message", a.Value.String()))
			}
		}
		t.note(context.WithValue(context.Background(), root{}, tid), name, trace.SpanKindServer, begin, time.Now(), err, attrs)
	}
}

// Span takes what has ended. It does not wait.
func (t *Tracer) Span(s event.Span) {
	ctx := context.Background()
	if tid, err := trace.TraceIDFromHex(s.Request); err == nil {
		ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{TraceID: tid, SpanID: first(tid), TraceFlags: trace.FlagsSampled}))
	}
	what := s.Name
	if what == "join" || what == "lobby" {
		what = "participant"
	}
	reason := t.cfg.Shown(slog.String("reason", s.Err)).Value.String()
	t.note(ctx, s.Name, trace.SpanKindInternal, s.Begin, s.End, reason,
		[]attribute.KeyValue{attribute.String("tilemix.room", s.Room), attribute.String("tilemix."+what, s.ID)})
}

// note makes a span that has ended. err says why it failed, "": it did not.
func (t *Tracer) note(ctx context.Context, name string, kind trace.SpanKind, begin, end time.Time, err string, attrs []attribute.KeyValue) {
	_, span := t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithTimestamp(begin), trace.WithAttributes(attrs...))
	if err != "" {
		span.SetStatus(codes.Error, err)
	}
	span.End(trace.WithTimestamp(end))
}

// Run sends spans until ctx ends, and then those that wait.
func (t *Tracer) Run(ctx context.Context) error {
	defer t.to.client.CloseIdleConnections()
	failing := false
	for {
		batch := t.queue.batch(ctx)
		if len(batch) == 0 {
			return nil
		}
		err := t.send(ctx, batch)
		switch {
		case err != nil && !failing:
			t.log.Warn("traces are lost, because the collector does not take them (--otlp-endpoint)", "reason", err)
		case err == nil && failing:
			t.log.Info("the collector takes traces again")
		}
		if failing = err != nil; failing && ctx.Err() != nil {
			return nil // further ones would keep the server from its end
		}
	}
}

// send sends a batch, for lastTime at most once ctx has ended.
func (t *Tracer) send(ctx context.Context, batch []sdk.ReadOnlySpan) error {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastTime, cancel) })()
	err := t.out.ExportSpans(sending, batch)
	if err != nil {
		t.failed.Add(uint64(len(batch)))
		return err
	}
	t.sent.Add(uint64(len(batch)))
	return nil
}

// Collectors count spans.
func (t *Tracer) Collectors() []prometheus.Collector {
	if t == nil {
		return nil
	}
	var all []prometheus.Collector
	for result, n := range map[string]*atomic.Uint64{"sent": &t.sent, "failed": &t.failed, "dropped": t.queue.dropped} {
		all = append(all, prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "tilemix_trace_spans_total", Help: "Spans of traces: sent to the collector, not taken by it (failed), and dropped because too many waited.",
			ConstLabels: prometheus.Labels{"result": result},
		}, func() float64 { return float64(n.Load()) }))
	}
	return all
}

// root is the key of a context that has the ID of a trace to begin.
type root struct{}

// ids makes the IDs of spans. It is an IDGenerator.
type ids struct{}

// NewIDs returns those of a trace's first span.
func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	tid, ok := ctx.Value(root{}).(trace.TraceID)
	if !ok {
		tid = newTrace()
	}
	return tid, first(tid)
}

// NewSpanID returns that of a further span.
func (ids) NewSpanID(context.Context, trace.TraceID) (id trace.SpanID) {
	_, _ = rand.Read(id[:])
	return id
}

func newTrace() (tid trace.TraceID) {
	_, _ = rand.Read(tid[:]) // it never fails
	return tid
}

// first returns the ID of a trace's first span.
func first(tid trace.TraceID) (id trace.SpanID) {
	copy(id[:], tid[:])
	return id
}
