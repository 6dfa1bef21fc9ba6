package signaling

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu"
)

// TestScrapes has many ask for the metrics at once: they are made a few times, and each gets some.
func TestScrapes(t *testing.T) {
	made := 0
	s := newScrapes(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		made++
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, fmt.Sprint("made ", made))
	}))
	began := time.Now()
	for i := range 1000 {
		p, err := s.newest()
		if want := fmt.Sprint("made ", made); err != nil || p.status != http.StatusOK || p.body.String() != want {
			t.Fatalf("request %d: %d %q, %v, want %q", i, p.status, p.body, err, want)
		}
	}
	if most := scrapeBurst + 2 + int(scrapeRate*time.Since(began).Seconds()); made < scrapeBurst || made > most {
		t.Errorf("made %d times, want %d to %d", made, scrapeBurst, most)
	}
}

// TestMetricsApart gives the metrics a handler of their own: it serves them alone, to names of the
// server, and the site serves them no more.
func TestMetricsApart(t *testing.T) {
	var apart http.Handler
	cfg := Default()
	cfg.Metrics = func(h http.Handler) { apart = h }
	site, err := New(nobody{}, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		handler http.Handler
		url     string
		status  int
	}{
		"the site":             {site, "http://192.0.2.1/metrics", http.StatusNotFound},
		"apart":                {apart, "http://192.0.2.1:9100/metrics", http.StatusOK},
		"apart, by a name":     {apart, "http://evil.example:9100/metrics", http.StatusMisdirectedRequest},
		"apart, another path":  {apart, "http://192.0.2.1:9100/api/v1/rooms", http.StatusNotFound},
		"the site, its health": {site, "http://192.0.2.1/healthz", http.StatusOK},
	} {
		answer := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, c.url, nil)
		r.RemoteAddr = "192.0.2.7:1234" // from elsewhere
		c.handler.ServeHTTP(answer, r)
		if shown := strings.Contains(answer.Body.String(), "tilemix_websocket"); answer.Code != c.status || shown != (name == "apart") {
			t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
		}
	}
}

// nobody is a server without rooms.
type nobody struct{ Server }

func (nobody) Collectors() []prometheus.Collector { return nil }
func (nobody) Rooms() []mcu.RoomInfo              { return nil }
