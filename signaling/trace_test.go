package signaling

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"
)

// TestTraced: a traced request has the ID of its trace in the log, in the answer and for what it begins. One
// that is not traced has an ID of its own.
func TestTraced(t *testing.T) {
	var log bytes.Buffer
	var ended [][]slog.Attr
	m := middleware{
		log: slog.New(slog.NewTextHandler(&log, nil)), few: rate.NewLimiter(rate.Inf, 1),
		trace: func(method, route string) (string, func([]slog.Attr)) {
			id := ""
			if route == "/whip/:room" && method == http.MethodPost {
				id = "0123456789abcdef"
			}
			return id, func(line []slog.Attr) { ended = append(ended, line) }
		},
	}
	began := ""
	serve := func(c echo.Context) error {
		began = cameBy(c).Request
		return echo.NewHTTPError(http.StatusServiceUnavailable, "full")
	}
	site := m.around(m.logged)
	site.HTTPErrorHandler = func(_ error, c echo.Context) { _ = c.NoContent(http.StatusServiceUnavailable) }
	site.POST("/whip/:room", serve)
	site.GET("/livez", serve)
	ask := func(method, path string) string {
		answer := httptest.NewRecorder()
		site.ServeHTTP(answer, httptest.NewRequest(method, "http://localhost"+path, nil))
		return answer.Header().Get(echo.HeaderXRequestID)
	}
	if id := ask(http.MethodPost, "/whip/demo"); id != "0123456789abcdef" || began != id || !strings.Contains(log.String(), "request="+id) {
		t.Errorf("the answer has %q, what began %q, the log %s", id, began, log.String())
	}
	if len(ended) != 1 {
		t.Fatalf("%d traces have ended", len(ended))
	}
	line := map[string]string{}
	for _, a := range ended[0] {
		line[a.Key] = a.Value.String()
	}
	if line["room"] != "demo" || line["status"] != "503" || line["reason"] == "" || line["from"] == "" {
		t.Errorf("the trace has %v", line)
	}
	if id := ask(http.MethodGet, "/livez"); len(id) != 8 || began != id {
		t.Errorf("a request that is not traced: the answer has %q, what began %q", id, began)
	}
	m.trace = nil
	if id := requestID(t, m, serve); len(id) != 8 {
		t.Errorf("without traces the answer has %q", id)
	}
}

// requestID returns the ID that a middleware gives a request.
func requestID(t *testing.T, m middleware, serve echo.HandlerFunc) string {
	t.Helper()
	site := m.around(m.logged)
	site.HTTPErrorHandler = func(_ error, c echo.Context) { _ = c.NoContent(http.StatusServiceUnavailable) }
	site.GET("/x", serve)
	answer := httptest.NewRecorder()
	site.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://localhost/x", nil))
	return answer.Header().Get(echo.HeaderXRequestID)
}
