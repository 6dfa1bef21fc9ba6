package signaling

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
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
