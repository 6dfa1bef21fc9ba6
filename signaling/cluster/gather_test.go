package cluster

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestListOf(t *testing.T) {
	for request, field := range map[string]string{
		"GET /api/v1/rooms": "rooms", "GET /api/v1/rooms/?limit=2": "rooms", "GET /api/v1/recordings": "recordings",
		"GET /api/v1/rooms/a/recordings": "recordings", "POST /api/v1/rooms/a/recordings": "", "GET /api/v1/rooms/a": "",
		"GET /api/v1/rooms/a/recordings/1": "", "GET /recordings/a": "", "GET /": "", "HEAD /api/v1/rooms": "",
	} {
		method, path, _ := strings.Cut(request, " ")
		if l, ok := listOf(httptest.NewRequest(method, path, nil)); l.field != field || ok != (field != "") {
			t.Errorf("%s lists %q, %v", request, l.field, ok)
		}
	}
}

func TestRecordingOf(t *testing.T) {
	for path, id := range map[string]string{
		"/api/v1/recordings/20260101-x": "20260101-x", "/api/v1/recordings/x/file/t": "x", "/api/v1/rooms/a/recordings/x": "x",
		"/api/v1/rooms/a/recordings/x/files/y": "x", "/api/v1/rooms/a/recordings": "", "/api/v1/recordings": "", "/recordings/x": "",
		"/api/v1/rooms/recordings/x": "", "/api/v1/recordings/..": "",
	} {
		if got := recordingOf(httptest.NewRequest(http.MethodGet, path, nil)); got != id {
			t.Errorf("%s is about %q, want %q", path, got, id)
		}
	}
}

// lists is a node that answers with a list.
type lists map[string]string

// RoundTrip is http.RoundTripper's.
func (l lists) RoundTrip(r *http.Request) (*http.Response, error) {
	body, is := l[r.URL.Host]
	if !is {
		return nil, fmt.Errorf("nobody is at %s", r.URL.Host)
	}
	if r.Header.Get("Tilemix-Hop") == "" || r.Header.Get("Authorization") != "Bearer x" {
		return nil, fmt.Errorf("the header is %v", r.Header)
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// TestGather: a list has the entries of all nodes, in pages too, and names the nodes that do not answer. What a node
// says that is no such list counts as no answer, and a client that is refused here is refused.
func TestGather(t *testing.T) {
	const site = `{"rooms":[{"name":"b"},{"name":"d","at":"a"}]}`
	for name, test := range map[string]struct{ query, own, theirs, want, missing string }{
		"all":     {"", site, `{"rooms":[{"name":"a"},{"name":"c"}]}`, "a b c d", ""},
		"page":    {"?limit=2", site, `{"rooms":[{"name":"a"},{"name":"c"}]}`, "a b +", ""},
		"further": {"?limit=9", `{"rooms":[{"name":"b"}],"next":"x"}`, `{"rooms":[]}`, "b +", ""},
		"twice":   {"", site, `{"rooms":[{"name":"d","at":"b"}]}`, "b d", ""},
		"none":    {"", site, "", "b d", "b"},
		"no JSON": {"", site, `<html>`, "b d", "b"},
		"no name": {"", site, `{"rooms":[{}]}`, "b d", "b"},
		"refused": {"", `{"error":"no"}`, `{"rooms":[{"name":"a"}]}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := lone(t, slog.New(slog.DiscardHandler), nil)
			c.spread.gatherer.asker = asker{lists{}}
			if test.theirs != "" {
				c.spread.gatherer.asker = asker{lists{"127.0.0.1:1": test.theirs}}
			}
			c.Spread(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(test.own, "error") {
					w.WriteHeader(http.StatusForbidden)
				}
				_, _ = io.WriteString(w, test.own)
			}))
			r, w := httptest.NewRequest(http.MethodGet, "/api/v1/rooms"+test.query, nil), httptest.NewRecorder()
			r.Header.Set("Authorization", "Bearer x")
			c.spread.ServeHTTP(w, r)
			var all struct {
				Rooms []struct{ Name, At string }
				Next  string
			}
			if err := json.Unmarshal(w.Body.Bytes(), &all); err != nil {
				t.Fatalf("%v in %s", err, w.Body)
			}
			var got []string
			for _, r := range all.Rooms {
				got = append(got, r.Name)
			}
			if all.Next != "" {
				got = append(got, "+")
			}
			if strings.Join(got, " ") != test.want || w.Header().Get(missing) != test.missing {
				t.Errorf("%d: %s, missing %q", w.Code, w.Body, w.Header().Get(missing))
			}
			if (w.Code == http.StatusForbidden) != (test.want == "") {
				t.Errorf("the status is %d", w.Code)
			}
			if (w.Header().Get("Link") != "") != (all.Next != "") {
				t.Errorf("the link is %q", w.Header().Get("Link"))
			}
		})
	}
}
