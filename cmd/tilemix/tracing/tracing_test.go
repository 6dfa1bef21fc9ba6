package tracing_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"tilemix/cmd/tilemix/logs"
	"tilemix/cmd/tilemix/tracing"
	"tilemix/mcu/event"
	"tilemix/mcu/mcutest/poll"
)

func TestMain(m *testing.M) { poll.Main(m) }

// collector gathers what a Tracer sends. It answers with the statuses first, then with 200.
type collector struct {
	url   string
	spans chan *wire.Span
	heads chan http.Header
	tries atomic.Int32
}

func collect(t *testing.T, first ...int) *collector {
	t.Helper()
	c := &collector{spans: make(chan *wire.Span, 4096), heads: make(chan http.Header, 64)}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if n := int(c.tries.Add(1)); n <= len(first) {
			w.WriteHeader(first[n-1])
			return
		}
		var data wire.TracesData
		if err := proto.Unmarshal(body, &data); err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %s: %v", r.URL, r.Header, err)
		}
		c.heads <- r.Header
		for _, resource := range data.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				for _, s := range scope.Spans {
					c.spans <- s
				}
			}
		}
	}))
	t.Cleanup(s.Close)
	c.url = s.URL
	return c
}

// attribute returns an attribute of a span.
func attribute(s *wire.Span, key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			if text := a.Value.GetStringValue(); text != "" {
				return text
			}
			return a.Value.String()
		}
	}
	return ""
}

// start runs a Tracer. stop ends it, and waits until what waits is sent.
func start(t *testing.T, cfg tracing.Config) (tracer *tracing.Tracer, stop func()) {
	t.Helper()
	if cfg.Shown == nil {
		cfg.Shown = logs.Config{}.Shown
	}
	tracer, err := tracing.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- tracer.Run(ctx) }()
	return tracer, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestTrace: a request begins a trace that has its ID, and what it began is below it.
func TestTrace(t *testing.T) {
	c := collect(t)
	tracer, stop := start(t, tracing.Config{Endpoint: c.url, Headers: "x-key=a%20b, x-other=c", Version: "1.2"})
	id, end := tracer.Request("POST", "/whip/:room")
	end([]slog.Attr{slog.String("room", "demo"), slog.Int("status", 503), slog.String("from", "192.0.2.7:9"), slog.String("reason", "full")})
	begin := time.Now().Add(-time.Second)
	tracer.Span(event.Span{Name: "join", Request: id, Room: "demo", ID: "ada", Begin: begin, End: begin.Add(300 * time.Millisecond), Err: "late"})
	tracer.Span(event.Span{Name: "recording", Request: "none", Room: "demo", ID: "r1", Begin: begin, End: begin})
	sent(t, tracer, 3)
	stop()
	request, join, recording := <-c.spans, <-c.spans, <-c.spans
	tid, err := trace.TraceIDFromHex(id)
	if err != nil || string(request.TraceId) != string(tid[:]) || len(request.ParentSpanId) != 0 || request.Name != "POST /whip/:room" {
		t.Errorf("the request %q: %v", id, request)
	}
	if request.Status.Code != wire.Status_STATUS_CODE_ERROR || attribute(request, "client.address") != "192.0.2.7:9" || attribute(request, "error.message") != "full" {
		t.Errorf("the request: %v", request)
	}
	if string(join.TraceId) != string(tid[:]) || string(join.ParentSpanId) != string(request.SpanId) || attribute(join, "tilemix.participant") != "ada" {
		t.Errorf("the join is not below its request: %v", join)
	}
	if took := time.Duration(join.EndTimeUnixNano - join.StartTimeUnixNano); took != 300*time.Millisecond || join.Status.Message != "late" {
		t.Errorf("the join took %v: %v", took, join)
	}
	if len(recording.ParentSpanId) != 0 || string(recording.TraceId) == string(tid[:]) || recording.Status.Code == wire.Status_STATUS_CODE_ERROR {
		t.Errorf("the recording of no request: %v", recording)
	}
	if h := <-c.heads; h.Get("X-Key") != "a b" || h.Get("X-Other") != "c" {
		t.Errorf("headers %v", h)
	}
}

// TestPrivate: with a private log, traces have no addresses either. Health checks are not traced.
func TestPrivate(t *testing.T) {
	c := collect(t)
	private := new(atomic.Bool)
	private.Store(true)
	tracer, stop := start(t, tracing.Config{Endpoint: c.url, Shown: logs.Config{Private: private}.Shown})
	if id, end := tracer.Request("GET", "/readyz"); id != "" {
		t.Errorf("a health check is traced: %s", id)
	} else {
		end(nil)
	}
	_, end := tracer.Request("GET", "/ws/:room")
	end([]slog.Attr{slog.String("from", "192.0.2.7:9"), slog.String("reason", "no answer from 192.0.2.7:9")})
	sent(t, tracer, 1)
	stop()
	if s := <-c.spans; len(c.spans) > 0 || strings.Contains(s.String(), "192.0.2.7") {
		t.Errorf("got %v", s)
	}
}

// TestStop: what waits when a Tracer ends is sent still, unless the collector takes longer than there is time for.
func TestStop(t *testing.T) {
	c := collect(t)
	tracer, stop := start(t, tracing.Config{Endpoint: c.url})
	tracer.Span(event.Span{Name: "join", Begin: time.Now(), End: time.Now()})
	began := time.Now()
	stop()
	switch got, took := counts(t, tracer), time.Since(began); {
	case got["sent"] == 1:
	case got["failed"] == 1 && took >= time.Second:
		t.Logf("not judged: the machine is too busy, the end took %v", took)
	default:
		t.Errorf("after %v: %v", took, got)
	}
}

// TestCollectorFails: a batch is sent again where the collector is busy, and counted as lost where it refuses.
func TestCollectorFails(t *testing.T) {
	for _, test := range []struct {
		answers []int
		want    string
		tries   int32
	}{{[]int{503}, "sent", 2}, {[]int{400}, "failed", 1}} {
		c := collect(t, test.answers...)
		tracer, stop := start(t, tracing.Config{Endpoint: c.url})
		tracer.Span(event.Span{Name: "join", Begin: time.Now(), End: time.Now()})
		for deadline := time.Now().Add(time.Minute); counts(t, tracer)[test.want] != 1; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%v: %v", test.answers, counts(t, tracer))
			}
		}
		stop()
		if n := c.tries.Load(); n != test.tries {
			t.Errorf("%v: %d tries", test.answers, n)
		}
	}
}

// TestQueueFull: what no place is left for is dropped and counted, and nobody waits.
func TestQueueFull(t *testing.T) {
	tracer, err := tracing.New(tracing.Config{Endpoint: "http://127.0.0.1:1", Shown: logs.Config{}.Shown}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		tracer.Span(event.Span{Name: "join", Begin: time.Now(), End: time.Now()})
	}
	if got := counts(t, tracer)["dropped"]; got != 3000-2048 {
		t.Errorf("%v were dropped", got)
	}
}

// TestWrongSettings names what is wrong.
func TestWrongSettings(t *testing.T) {
	for _, test := range []struct{ endpoint, headers, want string }{
		{"localhost:4318", "", "--otlp-endpoint"},
		{"ftp://a", "", "--otlp-endpoint"},
		{"http://a", "key", "--otlp-headers"},
		{"http://a", "key=%zz", "--otlp-headers"},
	} {
		if _, err := tracing.New(tracing.Config{Endpoint: test.endpoint, Headers: test.headers}, nil); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v", test, err)
		}
	}
	if tracer, err := tracing.New(tracing.Config{}, nil); tracer != nil || err != nil || tracer.Collectors() != nil {
		t.Errorf("without an endpoint: %v, %v", tracer, err)
	}
}

// sent waits until the collector has taken spans.
func sent(t *testing.T, tracer *tracing.Tracer, n float64) {
	t.Helper()
	poll.Until(t, "the spans to be sent", func() bool { return counts(t, tracer)["sent"] == n })
}

// counts returns the counters of spans by their result.
func counts(t *testing.T, tracer *tracing.Tracer) map[string]float64 {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(tracer.Collectors()...)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, m := range families[0].Metric {
		all[m.Label[0].GetValue()] = m.Counter.GetValue()
	}
	return all
}
