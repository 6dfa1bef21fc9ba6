package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"tilemix/mcu/event"
	"tilemix/mcu/mcutest/poll"
	"tilemix/signaling/webhook"
)

func TestMain(m *testing.M) { poll.Main(m) }

const (
	secret   = "correct horse"
	patience = 20 * time.Second
)

// got is a request that a receiver had.
type got struct {
	event  event.Event
	body   []byte
	header http.Header
	at     time.Time
}

// receiver is a real HTTP server that does what a test wants.
type receiver struct {
	*httptest.Server
	requests chan got

	mu     sync.Mutex
	answer http.HandlerFunc // nil: 204
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{requests: make(chan got, 10_000)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		g := got{header: q.Header.Clone(), at: time.Now()}
		var err error
		if g.body, err = io.ReadAll(q.Body); err != nil {
			return // the sender has given up
		}
		if err := json.Unmarshal(g.body, &g.event); err != nil || q.Method != http.MethodPost ||
			q.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %v %q: %v", q.Method, q.Header, g.body, err)
		}
		r.mu.Lock()
		answer := r.answer
		r.mu.Unlock()
		r.requests <- g
		if answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, q)
	}))
	t.Cleanup(r.Close)
	return r
}

// respond sets what the receiver does from now on.
func (r *receiver) respond(answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// next is the next request.
func (r *receiver) next(t *testing.T) got {
	t.Helper()
	select {
	case g := <-r.requests:
		return g
	case <-time.After(patience):
		t.Fatal("no request came")
		return got{}
	}
}

// sender is a Sender that runs, and what it logs.
type sender struct {
	*webhook.Sender
	log  *bytes.Buffer // to be read once it has stopped
	stop func()
}

// config is one that tries again soon. A request may take as long as it does on a busy machine, so that what a
// receiver has taken does not come twice.
func config(t *testing.T, urls ...string) webhook.Config {
	cfg := webhook.Default()
	cfg.URLs, cfg.Secret, cfg.Dir = urls, secret, t.TempDir()
	cfg.Timeout, cfg.Wait, cfg.LongestWait = time.Minute, 5*time.Millisecond, 50*time.Millisecond
	return cfg
}

func send(t *testing.T, cfg webhook.Config) sender {
	t.Helper()
	s := sender{log: new(bytes.Buffer)}
	var err error
	if s.Sender, err = webhook.Open(cfg, slog.New(slog.NewTextHandler(s.log, nil))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	s.stop = func() { cancel(); <-ended }
	t.Cleanup(s.stop)
	return s
}

// number reads a metric: the sum of those with the name and all labels.
func (s sender) number(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(s.Collectors()...)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == name && has(m, labels) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func has(m *dto.Metric, labels []string) bool {
	for _, want := range labels {
		found := false
		for _, l := range m.Label {
			found = found || l.GetValue() == want
		}
		if !found {
			return false
		}
	}
	return true
}

// await waits for a metric.
func (s sender) await(t *testing.T, want float64, name string, labels ...string) {
	t.Helper()
	poll.Until(t, fmt.Sprintf("%s%v to be %v", name, labels, want), func() bool { return s.number(t, name, labels...) == want })
}

const (
	events   = "tilemix_webhook_events_total"
	attempts = "tilemix_webhook_failed_attempts_total"
	queued   = "tilemix_webhook_queued_events"
)

// happen makes n events, one after the other.
func happen(s sender, n int) []event.Event {
	all := make([]event.Event, n)
	for i := range all {
		all[i] = event.New(event.ParticipantJoined, "demo")
		all[i].Participant = &event.Participant{ID: "ABC", Name: "Ada <&>"}
		s.Post(all[i])
	}
	return all
}
