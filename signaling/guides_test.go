package signaling

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

func TestGuides(t *testing.T) {
	e := echo.New()
	s := new(site)
	e.HTTPErrorHandler = s.refuse
	s.guideRoutes(e)
	for _, tt := range []struct {
		path   string
		status int
		has    string
	}{
		{"/docs/", http.StatusOK, "<h1"},
		{"/docs/recording", http.StatusOK, "Record a room"},
		{"/docs", http.StatusMovedPermanently, ""},
		{"/docs/nothing", http.StatusNotFound, "not found"},
		{"/docs/index.md", http.StatusNotFound, "not found"},
	} {
		answer := httptest.NewRecorder()
		e.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, tt.path, nil))
		if answer.Code != tt.status || !strings.Contains(answer.Body.String(), tt.has) {
			t.Errorf("%s is %d without %q:\n%.200s", tt.path, answer.Code, tt.has, answer.Body)
		}
		if tt.status == http.StatusOK && !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") {
			t.Errorf("%s is of type %q", tt.path, answer.Header().Get("Content-Type"))
		}
	}
}
