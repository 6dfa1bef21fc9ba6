package signaling

import (
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu"
	"tilemix/mcu/admission"
)

// What is refused by count, origin or address.
var (
	errTooFast     = &refusal{http.StatusTooManyRequests, "your address sends too many requests that are dear: wait a second"}
	errKeyFast     = &refusal{http.StatusTooManyRequests, "your key, token or invite sends too many requests to the API: wait a second"}
	errTooRestless = &refusal{http.StatusTooManyRequests, "this session makes its connection anew too often: wait a second"}
)

// notable are the errors that are counted and logged, and the names that they have there.
var notable = []struct {
	err    error
	reason string
}{
	{errTooFast, "rate"},
	{errKeyFast, "api_rate"},
	{errTooRestless, "restarts"},
	{errOrigin, "origin"},
	{errHost, "host"},
	{admission.ErrBusy, "waiting"},
	{mcu.ErrRoomFull, "room_full"},
	{mcu.ErrServerFull, "server_full"},
}

// refusalEvery is the time between two log lines of one reason.
const refusalEvery = time.Minute

// refusals count what was refused by reason, and log each reason once a minute. It is safe for
// concurrent use.
type refusals struct {
	*prometheus.CounterVec
	log *slog.Logger

	mu    sync.Mutex // guards what follows
	said  map[string]time.Time
	count map[string]int // since the last line
}

func newRefusals(log *slog.Logger) *refusals {
	r := &refusals{
		CounterVec: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tilemix_refused_requests_total", Help: "Requests and messages refused, by reason.",
		}, []string{"reason"}),
		log: log, said: map[string]time.Time{}, count: map[string]int{},
	}
	for _, n := range notable {
		r.WithLabelValues(n.reason)
	}
	return r
}

// note takes note of an error with which something was refused. advice says what the operator may
// do about it; it may be empty.
func (r *refusals) note(err error, from, advice string) {
	for _, n := range notable {
		if errors.Is(err, n.err) {
			r.add(n.reason, from, advice, time.Now())
			return
		}
	}
}

func (r *refusals) add(reason, from, advice string, now time.Time) {
	r.WithLabelValues(reason).Inc()
	r.mu.Lock()
	r.count[reason]++
	n := r.count[reason]
	due := now.Sub(r.said[reason]) >= refusalEvery
	if due {
		r.said[reason], r.count[reason] = now, 0
	}
	r.mu.Unlock()
	if !due {
		return
	}
	args := []any{"reason", reason, "since_last", n, "from", from}
	if advice != "" {
		args = append(args, "advice", advice)
	}
	r.log.Warn("requests refused", args...)
}
