package signaling

import (
	"encoding/json"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tilemix/signaling/cluster/directory"
)

// TestNodes lists the nodes of a cluster. A server that is alone has no such list.
func TestNodes(t *testing.T) {
	get := func(cfg Config, from string) *httptest.ResponseRecorder {
		h, err := New(nothing{}, cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		r, answer := httptest.NewRequest(http.MethodGet, "http://localhost/api/v1/nodes", nil), httptest.NewRecorder()
		r.RemoteAddr = from
		h.ServeHTTP(answer, r)
		return answer
	}
	if answer := get(known(), "127.0.0.1:1"); answer.Code != http.StatusNotFound {
		t.Errorf("alone: %d %s", answer.Code, answer.Body)
	}
	cfg := known()
	cfg.Nodes = func() []directory.Node {
		return []directory.Node{
			{Beat: directory.Beat{ID: "a", State: directory.Serving, Cores: 2, Load: 0.5}, Rooms: []directory.Room{{Name: "demo", People: 3}}},
			{Beat: directory.Beat{ID: "b", State: directory.Silent}, Age: 1234567 * time.Microsecond},
		}
	}
	if answer := get(cfg, "192.0.2.1:1"); answer.Code != http.StatusUnauthorized {
		t.Errorf("a stranger: %d %s", answer.Code, answer.Body)
	}
	answer := get(cfg, "127.0.0.1:1")
	var all struct {
		Nodes []struct {
			ID, State string
			Silence   float64
			Rooms     []directory.Room
		}
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &all); err != nil || answer.Code != http.StatusOK || len(all.Nodes) != 2 {
		t.Fatalf("%d %s, %v", answer.Code, answer.Body, err)
	}
	a, b := all.Nodes[0], all.Nodes[1]
	if a.ID != "a" || a.State != "serving" || len(a.Rooms) != 1 || a.Rooms[0].People != 3 {
		t.Errorf("a: %+v", a)
	}
	if b.State != "silent" || math.Abs(b.Silence-1.235) > 1e-9 || b.Rooms == nil {
		t.Errorf("b: %+v", b)
	}
}

// TestDrainNode: a node drains, and serves again, by its own ID only. Strangers have no say in it.
func TestDrainNode(t *testing.T) {
	drained, undone := time.Duration(0), 0
	cfg := known()
	cfg.Node, cfg.Nodes = "a", func() []directory.Node { return nil }
	cfg.Drain = func(within time.Duration) (time.Time, error) { drained = within; return time.Unix(1, 0), nil }
	cfg.Undrain = func() { undone++ }
	h, err := New(nothing{}, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		method, id, body, from string
		want                   int
	}{
		{http.MethodPost, "a", `{"within":"30s"}`, "192.0.2.1:1", http.StatusUnauthorized},
		{http.MethodDelete, "a", "", "192.0.2.1:1", http.StatusUnauthorized},
		{http.MethodPost, "b", `{"within":"30s"}`, "127.0.0.1:1", http.StatusNotFound},
		{http.MethodDelete, "b", "", "127.0.0.1:1", http.StatusNotFound},
		{http.MethodPost, "a", `{"within":"0s"}`, "127.0.0.1:1", http.StatusBadRequest},
		{http.MethodPost, "a", `{"within":"30s"}`, "127.0.0.1:1", http.StatusAccepted},
		{http.MethodDelete, "a", "", "127.0.0.1:1", http.StatusNoContent},
	} {
		if drained > 0 && test.method == http.MethodPost {
			t.Errorf("before %+v the node drains", test)
		}
		r, answer := httptest.NewRequest(test.method, "http://localhost/api/v1/nodes/"+test.id+"/drain", strings.NewReader(test.body)), httptest.NewRecorder()
		r.RemoteAddr = test.from
		r.Header.Set("Content-Type", "application/json")
		if h.ServeHTTP(answer, r); answer.Code != test.want {
			t.Errorf("%+v: %d %s", test, answer.Code, answer.Body)
		}
	}
	if drained != 30*time.Second || undone != 1 {
		t.Errorf("it drained for %v, and served again %d times", drained, undone)
	}
}

// TestPeers: pages of other nodes of the cluster may join here, and pages of this one may connect there.
func TestPeers(t *testing.T) {
	cfg := known()
	cfg.Peers = func() []string { return []string{"https://b.example.org"} }
	h, err := New(nothing{}, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for origin, allowed := range map[string]bool{"https://b.example.org": true, "https://c.example.org": false} {
		r, answer := httptest.NewRequest(http.MethodGet, "http://localhost/healthz", nil), httptest.NewRecorder()
		r.Header.Set("Origin", origin)
		h.ServeHTTP(answer, r)
		if got := answer.Header().Get("Access-Control-Allow-Origin"); (got == origin) != allowed {
			t.Errorf("a page of %s: %q", origin, got)
		}
		if policy := answer.Header().Get("Content-Security-Policy"); !strings.Contains(policy, " https://b.example.org wss://b.example.org;") {
			t.Errorf("the policy is %q", policy)
		}
	}
}
