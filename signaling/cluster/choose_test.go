package cluster

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/mcutest"
	"tilemix/mcu/relay"
	"tilemix/signaling/cluster/detour"
	"tilemix/signaling/cluster/directory"
)

// TestChoose fills a home up to its limit, then one relay, then the next, and then all of them alike. Nodes that are busy,
// drain or are silent are no relays.
func TestChoose(t *testing.T) {
	entered := 0
	c, w := lone(t, slog.New(slog.DiscardHandler), func(cfg *Config) {
		cfg.Above, cfg.Entered = 3, func(string) int { return entered }
	})
	for _, n := range []directory.Beat{
		{ID: "c", State: directory.Serving, Load: 0.2, Limit: 1},
		{ID: "busy", State: directory.Serving, Load: 0.9, Limit: 0.8},
		{ID: "leaves", State: directory.Draining, Limit: 1},
		{ID: "gone", State: directory.Serving, Limit: 1},
	} {
		n.Run, n.Number, n.Protocol = "1", 1, directory.Protocol
		data, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		w.hears[ofBeats](ofBeats, data)
	}
	c.roster.bury("gone", "1")
	var all []string
	for range 14 {
		id := c.Relays.Choose("demo")
		if id == "" {
			entered++
		}
		all = append(all, id+".")
	}
	// Of c and b, which has less load, b is first.
	if got := strings.Join(all, ""); got != "...b.b.b.c.c.c.b.c.b.c.b." {
		t.Errorf("viewers go to %s", got)
	}
	w.hears[ofRooms](ofRooms, []byte(`{"id":"b","run":"1","relays":{"demo":1,"other":9}}`))
	w.hears[ofRooms](ofRooms, []byte(`{"id":"c","run":"2","relays":{"demo":0}}`)) // of another run
	if id := c.Relays.Choose("demo"); id != "b" {
		t.Errorf("b has a viewer left, and the next goes to %q", id)
	}
	w.hears[ofRooms](ofRooms, []byte(`{"id":"nobody","run":"1","relays":{"demo":1}}`))
	if len(c.Relays.listed) != 1 {
		t.Errorf("it knows of %v", c.Relays.listed)
	}
	c.cfg.Above = 0
	if id := c.Relays.Choose("demo"); id != "" {
		t.Errorf("without a limit a viewer goes to %q", id)
	}
}

// TestForged: what only nodes say is refused from outside, and logged once.
func TestForged(t *testing.T) {
	var log mcutest.Log
	c, _ := lone(t, log.Logger(), func(cfg *Config) { cfg.Above = 1 })
	served := 0
	site := c.Spread(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { served++ }))
	for range 3 {
		r, w := httptest.NewRequest(http.MethodPost, "http://localhost/whep/demo", strings.NewReader("v=0")), httptest.NewRecorder()
		r.Header.Set("Tilemix-Hop", `{"sender":"192.0.2.1:9","pull":1}`)
		if site.ServeHTTP(w, r); w.Code != http.StatusForbidden {
			t.Errorf("a pull from outside gets %d", w.Code)
		}
	}
	if n := strings.Count(log.String(), "says that it is a node's"); n != 1 || served > 0 {
		t.Errorf("%d are served; the log has %d lines:\n%s", served, n, &log)
	}
}

// TestExchange hands an offer only to a node that has the room, and finds out that the home is dead.
func TestExchange(t *testing.T) {
	c, w := lone(t, slog.New(slog.DiscardHandler), nil)
	if _, err := c.Relays.Exchange(t.Context(), "none", relay.Part{}, "v=0"); err == nil {
		t.Error("a room that no node has is pulled")
	}
	w.hears[ofRooms](ofRooms, []byte(`{"id":"b","run":"1","rooms":[{"name":"far","people":2,"since":1}]}`))
	if _, err := c.Relays.Exchange(t.Context(), "far", relay.Part{}, "v=0"); err == nil {
		t.Error("a node that takes no connection has answered")
	}
	if n, _ := c.roster.node("b", time.Now()); n.State != directory.Dead {
		t.Errorf("the home is %s", n.State)
	}
}

// TestPassed serves viewers of this node's rooms itself if the site names no relay, or one that is not there.
func TestPassed(t *testing.T) {
	for _, test := range []struct {
		name, relay, grant string
		status             int
	}{
		{"none", "", "", http.StatusCreated},
		{"unknown", "nobody", "{}", http.StatusServiceUnavailable},
		{"no grant", "b", "{", http.StatusServiceUnavailable},
		{"dead", "b", `{"Role":"viewer"}`, http.StatusCreated},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, _ := lone(t, slog.New(slog.DiscardHandler), func(cfg *Config) { cfg.Above = 1 })
			asked := 0
			site := c.Spread(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if detour.Of(r.Context()).Here {
					t.Error("the home is to be a relay")
				}
				if asked++; asked > 1 || test.relay == "" {
					w.Header().Set("Location", "/whep/demo/x")
					w.WriteHeader(http.StatusCreated)
					fmt.Fprint(w, "answer")
					return
				}
				w.Header().Set("Tilemix-Relay", test.relay)
				w.Header().Set("Tilemix-Grant", test.grant)
				w.WriteHeader(http.StatusMisdirectedRequest)
			}))
			r, w := httptest.NewRequest(http.MethodPost, "http://localhost/whep/demo", strings.NewReader("v=0")), httptest.NewRecorder()
			if site.ServeHTTP(w, r); w.Code != test.status {
				t.Errorf("the viewer gets %d %s", w.Code, w.Body)
			}
			if test.status == http.StatusCreated && (w.Header().Get("Location") != "/whep/demo/x" || w.Body.String() != "answer") {
				t.Errorf("the answer: %v %s", w.Header(), w.Body)
			}
			if w.Header().Get("Tilemix-Grant") != "" {
				t.Error("the viewer learns what nodes say")
			}
		})
	}
}
