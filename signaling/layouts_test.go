package signaling

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestCheckLayouts previews what is a layout, and says where others are wrong.
func TestCheckLayouts(t *testing.T) {
	_, h := whole(t, known())
	for _, x := range []struct {
		body   string
		status int
		has    string
	}{
		{`{"name":"a","layouts":[{"slots":[{"at":[0,0,1,1]}]}]}`, http.StatusOK, `"name":"a","svg":"`},
		{`{"name":"a","layouts":[{"slots":[{"at":[0,0,1,1]},{"at":["1/2",0,"1/2",1]}]}]}`, http.StatusUnprocessableEntity, `"path":"layouts[0].slots[1].at"`},
		{`x`, http.StatusUnprocessableEntity, "no JSON"},
		{strings.Repeat(" ", 10<<20), http.StatusRequestEntityTooLarge, "longer"},
	} {
		q := httptest.NewRequest(http.MethodPost, "/api/v1/layouts/check", strings.NewReader(x.body))
		q.RemoteAddr = "127.0.0.1:1"
		q.Host = "localhost"
		q.Header.Set("Content-Type", typeJSON)
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, q)
		if answer.Code != x.status || !strings.Contains(answer.Body.String(), x.has) {
			t.Errorf("%.60s: %d %.300s", x.body, answer.Code, answer.Body)
		}
	}
}
