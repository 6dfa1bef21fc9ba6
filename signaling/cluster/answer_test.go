package cluster

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestHere: a session of a room that leaves may be at either node. What this node answers counts, but for 404, of
// which nothing reaches the client.
func TestHere(t *testing.T) {
	for _, test := range []struct {
		name string
		site http.HandlerFunc
		here bool
		want int
	}{
		{"not found", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "no such session")
		}, false, http.StatusOK}, // what a recorder begins with
		{"done", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, true, http.StatusNoContent},
		{"echo", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }, true, http.StatusOK},
		{"refused", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusConflict) }, true, http.StatusConflict},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodPatch, "http://localhost/whip/demo/secret", strings.NewReader("read by another"))
			is := here(test.site, w, r, []byte("a=candidate"))
			if is != test.here || w.Code != test.want {
				t.Errorf("here: %v, status %d", is, w.Code)
			}
			if !is && (w.Body.Len() > 0 || len(w.Header()) > 0) {
				t.Errorf("the client gets %q with %v", w.Body, w.Header())
			}
			if test.name == "echo" && w.Body.String() != "a=candidate" {
				t.Errorf("the site got %q", w.Body)
			}
		})
	}
}
