package signaling_test

import (
	"net/http"
	"strings"
	"testing"

	"tilemix/signaling"
)

func TestGuides(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	for _, tt := range []struct {
		path   string
		status int
		has    string
	}{
		{"/docs/", http.StatusOK, "<h1"},
		{"/docs", http.StatusOK, "<h1"}, // after a redirect
		{"/docs/recording", http.StatusOK, "Record a room"},
		{"/docs/nothing", http.StatusNotFound, "not found"},
		{"/docs/index.md", http.StatusNotFound, "not found"},
	} {
		r := do(t, http.MethodGet, url+tt.path, "")
		if r.StatusCode != tt.status || !strings.Contains(r.body, tt.has) {
			t.Errorf("%s is %d without %q:\n%.200s", tt.path, r.StatusCode, tt.has, r.body)
		}
		if tt.status == http.StatusOK && !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s is of type %q", tt.path, r.Header.Get("Content-Type"))
		}
	}
}
