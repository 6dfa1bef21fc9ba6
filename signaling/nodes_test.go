package signaling

import (
	"encoding/json"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
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
