package signaling

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestPutLayouts keeps a layout, gives it back and takes it away, and changes nothing where the body is
// made to hurt.
func TestPutLayouts(t *testing.T) {
	_, h := whole(t, known())
	ask := func(method, path, body string) *httptest.ResponseRecorder {
		q := httptest.NewRequest(method, "/api/v1/layouts"+path, strings.NewReader(body))
		q.RemoteAddr, q.Host = "127.0.0.1:1", "localhost"
		q.Header.Set("Content-Type", typeJSON)
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, q)
		return answer
	}
	const good = `{"name":"duo","background":"#101418","layouts":[{"max":2,"slots":[{"at":[0,0,"1/2",1],"fit":"contain","radius":8},{"at":["1/2",0,"1/2",1]}]}]}`
	if a := ask(http.MethodPut, "/duo", good); a.Code != http.StatusOK || !strings.Contains(a.Body.String(), "<svg") && !strings.Contains(a.Body.String(), `\u003csvg`) {
		t.Fatalf("%d %.200s", a.Code, a.Body)
	}
	slot := func(at string) string { return `{"name":"duo","layouts":[{"slots":[` + at + `]}]}` }
	one := `{"at":[0,0,1,1]}`
	for what, c := range map[string]struct {
		path, body string
		status     int
	}{
		"another name":  {"/trio", good, http.StatusUnprocessableEntity},
		"the server's":  {"/grid", strings.ReplaceAll(good, "duo", "grid"), http.StatusUnprocessableEntity},
		"a folder":      {"/..%2fduo", strings.ReplaceAll(good, "duo", "../duo"), http.StatusUnprocessableEntity},
		"two":           {"/duo", `[` + good + `,` + strings.ReplaceAll(good, "duo", "trio") + `]`, http.StatusUnprocessableEntity},
		"overlap":       {"/duo", slot(one + "," + one), http.StatusUnprocessableEntity},
		"outside":       {"/duo", slot(`{"at":[0.5,0,1,1]}`), http.StatusUnprocessableEntity},
		"not a number":  {"/duo", slot(`{"at":["NaN",0,1,1]}`), http.StatusUnprocessableEntity},
		"negative":      {"/duo", slot(`{"at":[-0.1,0,1,1]}`), http.StatusUnprocessableEntity},
		"no slots":      {"/duo", slot(""), http.StatusUnprocessableEntity},
		"10,000 slots":  {"/duo", slot(strings.Repeat(`{"at":[0,0,1,1]},`, 9_999) + one), http.StatusUnprocessableEntity},
		"markup":        {"/duo", slot(`{"at":[0,0,1,1],"who":"<svg onload=alert(1)>"}`), http.StatusUnprocessableEntity},
		"no JSON":       {"/duo", "x", http.StatusUnprocessableEntity},
		"too many bits": {"/duo", strings.Repeat(" ", 10<<20), http.StatusRequestEntityTooLarge},
	} {
		if a := ask(http.MethodPut, c.path, c.body); a.Code != c.status && (what != "10,000 slots" || a.Code != http.StatusRequestEntityTooLarge) {
			t.Errorf("%s: %d %.200s", what, a.Code, a.Body)
		}
	}
	var kept struct {
		Layouts []struct{ Slots []json.RawMessage }
	}
	if a := ask(http.MethodGet, "/duo", ""); a.Code != http.StatusOK || json.Unmarshal(a.Body.Bytes(), &kept) != nil || len(kept.Layouts) != 1 || len(kept.Layouts[0].Slots) != 2 {
		t.Errorf("it is %s", a.Body)
	}
	if a := ask(http.MethodGet, "", ""); a.Body.String() != "{\"layouts\":[\"duo\"]}\n" {
		t.Errorf("there are %s", a.Body)
	}
	for _, status := range []int{http.StatusNoContent, http.StatusNotFound} {
		if a := ask(http.MethodDelete, "/duo", ""); a.Code != status {
			t.Errorf("%d %s", a.Code, a.Body)
		}
	}
	if a := ask(http.MethodGet, "/duo", ""); a.Code != http.StatusNotFound {
		t.Errorf("it is still %s", a.Body)
	}
}
