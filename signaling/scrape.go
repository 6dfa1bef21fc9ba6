package signaling

import (
	"bytes"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"
)

// The server makes its metrics anew scrapeRate (2) times a second, and scrapeBurst (10) times at
// once. Further requests get the last ones, because making them costs a millisecond.
const scrapeRate, scrapeBurst = 2, 10

// scrapes serves the metrics, which everybody may ask for. It is safe for concurrent use.
type scrapes struct {
	fresh http.Handler // makes them

	mu   sync.Mutex // guards what follows, and is held while metrics are made
	pace *rate.Limiter
	last page
}

func newScrapes(fresh http.Handler) *scrapes {
	return &scrapes{fresh: fresh, pace: rate.NewLimiter(scrapeRate, scrapeBurst)}
}

func (s *scrapes) serve(c echo.Context) error {
	last, err := s.newest()
	if err != nil {
		return err
	}
	return c.Blob(last.status, last.header.Get("Content-Type"), last.body.Bytes())
}

func (s *scrapes) newest() (page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last.status != 0 && !s.pace.Allow() {
		return s.last, nil
	}
	// A request of our own, so that what one client accepts decides nothing for another.
	r, err := http.NewRequest(http.MethodGet, "/metrics", nil) //nolint:noctx // nothing waits
	if err != nil {
		return page{}, err
	}
	made := page{status: http.StatusOK, header: http.Header{}, body: &bytes.Buffer{}}
	s.fresh.ServeHTTP(&made, r)
	s.last = made
	return made, nil
}

// page is an answer that is kept: an http.ResponseWriter.
type page struct {
	status int
	header http.Header
	body   *bytes.Buffer
}

func (p *page) Header() http.Header         { return p.header }
func (p *page) WriteHeader(status int)      { p.status = status }
func (p *page) Write(b []byte) (int, error) { return p.body.Write(b) }
