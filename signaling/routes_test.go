package signaling

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu"
	"tilemix/mcu/broadcast"
	"tilemix/mcu/control"
	"tilemix/mcu/gateway"
	"tilemix/mcu/policy"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/room"
	"tilemix/mcu/still"
	"tilemix/signaling/access/ban"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/invite"
	"tilemix/signaling/access/key"
	"tilemix/signaling/attachment"
	"tilemix/signaling/cluster/directory"
	"tilemix/signaling/feed"
)

// nothing is a server without rooms. It panics when a route changes something.
type nothing struct{ Server }

func (nothing) Rooms() []mcu.RoomInfo { return nil }
func (nothing) Grant(string, string) (policy.Grant, error) {
	return policy.Grant{}, mcu.ErrNotFound
}
func (nothing) ICEServers() []control.ICEServer    { return nil }
func (nothing) Collectors() []prometheus.Collector { return nil }

type noRecorder struct{ Recorder }

func (noRecorder) Collectors() []prometheus.Collector { return nil }
func (noRecorder) List(string) []sidecar.Info         { return nil }

type noGateway struct{ Gateway }

func (noGateway) Collectors() []prometheus.Collector       { return nil }
func (noGateway) List(gateway.Kind, string) []gateway.Info { return nil }
func (noGateway) Get(gateway.Kind, string, string) (gateway.Info, error) {
	return gateway.Info{}, mcu.ErrNotFound
}

type noBroadcaster struct{ Broadcaster }

func (noBroadcaster) Collectors() []prometheus.Collector { return nil }
func (noBroadcaster) Stop(context.Context, string) (broadcast.Info, error) {
	return broadcast.Info{}, mcu.ErrNotFound
}

// whole returns a site that has everything a server can have, and what serves it.
func whole(t *testing.T, cfg Config) (*site, http.Handler) {
	t.Helper()
	cfg.Recorder, cfg.Gateway, cfg.Broadcaster = noRecorder{}, noGateway{}, noBroadcaster{}
	cfg.Keys = &key.Ring{}
	cfg.Shelf, cfg.Invites, cfg.Bans, cfg.Events = &book.Shelf{}, &invite.Invites{}, &ban.Bans{}, feed.New(feed.Default())
	cfg.Stills, cfg.Attachments = still.New[*room.Handle](nothing{}), &attachment.Store{}
	cfg.Nodes = func() []directory.Node { return nil }
	log := slog.New(slog.DiscardHandler)
	s, err := newSite(nothing{}, cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(nothing{}, cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	return s, h
}

// TestRoutes looks at the route table: each row is there once, and no page of another
// origin may change anything through the API.
func TestRoutes(t *testing.T) {
	s, h := whole(t, known())
	seen := map[string]bool{}
	for _, r := range s.routes() {
		for method := range strings.FieldsSeq(r.methods) {
			row := method + " " + r.path
			if seen[row] {
				t.Errorf("%s is in the table twice", row)
			}
			seen[row] = true
			if r.action != anybody && r.action != secret && !slices.Contains(policy.Actions(), r.action) {
				t.Errorf("%s needs the action %q, which nobody may do", row, r.action)
			}
			if r.action == anybody && method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions {
				t.Errorf("anybody may %s", row)
			}
			if method == http.MethodGet || method == http.MethodHead || !strings.HasPrefix(r.path, "/api/") {
				continue
			}
			q := httptest.NewRequest(method, strings.NewReplacer(":room", "r", ":id", "i").Replace(r.path), nil)
			q.RemoteAddr = "127.0.0.1:1"
			q.Header.Set("Origin", "https://elsewhere.example")
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, q)
			if answer.Code != http.StatusForbidden {
				t.Errorf("%s of another origin is answered %d: %s", row, answer.Code, answer.Body)
			}
		}
	}
	if len(seen) < 60 {
		t.Errorf("the table has %d rows only", len(seen))
	}
}

// TestWithout has a server that has neither recordings nor outputs nor broadcasts.
func TestWithout(t *testing.T) {
	h, err := New(nothing{}, known(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for path, status := range map[string]int{
		"/api/v1/rooms": http.StatusOK, "/api/v1/ice-servers": http.StatusOK, "/metrics": http.StatusOK,
		"/api/v1/recordings": http.StatusNotFound, "/api/v1/rooms/r/outputs": http.StatusNotFound,
		"/api/v1/rooms/r/inputs": http.StatusNotFound, "/api/v1/rooms/r/broadcast": http.StatusNotFound,
	} {
		answer := httptest.NewRecorder()
		q := httptest.NewRequest(http.MethodGet, path, nil)
		q.RemoteAddr = "127.0.0.1:1"
		h.ServeHTTP(answer, q)
		if answer.Code != status {
			t.Errorf("%s is %d: %s", path, answer.Code, answer.Body)
		}
	}
}

// TestTwoMetrics has two collectors of one name: New fails.
func TestTwoMetrics(t *testing.T) {
	cfg := known()
	cfg.Collectors = []prometheus.Collector{newSocketCounts().slow}
	if _, err := New(nothing{}, cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "duplicate") {
		t.Errorf("got %v", err)
	}
}

// known is a configuration whose server goes by the name that httptest gives it.
func known() Config {
	cfg := Default()
	cfg.Hosts = []string{"example.com"}
	return cfg
}

// TestStrangers has a client of another machine, without a secret, ask for every row that a grant
// opens: it may enter rooms, and nothing else.
func TestStrangers(t *testing.T) {
	cfg := known()
	cfg.AddressRate = 0
	s, h := whole(t, cfg)
	for _, r := range s.routes() {
		if slices.Contains([]string{anybody, secret, "connect", "publish", "watch"}, r.action) {
			continue
		}
		for method := range strings.FieldsSeq(r.methods) {
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, httptest.NewRequest(method, strings.NewReplacer(":room", "r", ":id", "i").Replace(r.path), nil))
			if answer.Code != http.StatusUnauthorized || answer.Header().Get("WWW-Authenticate") == "" ||
				method != http.MethodHead && !strings.Contains(answer.Body.String(), `"code":"missing_credential"`) {
				t.Errorf("%s %s is answered %d: %s", method, r.path, answer.Code, answer.Body)
			}
		}
	}
}

// TestWHIPScreen: an offer of a screen says so in its own section, and nothing else is a screen.
func TestWHIPScreen(t *testing.T) {
	const video, audio = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
	for offer, want := range map[string]string{
		"v=0\r\n" + audio + video: "v=0\r\n" + audio + video + "a=content:slides\r\n",
		"v=0\r\n" + video + audio: "v=0\r\n" + video + "a=content:slides\r\n" + audio,
		"v=0\r\n" + audio:         "v=0\r\n" + audio,
	} {
		if got := asSlides(offer); got != want {
			t.Errorf("%q becomes %q", offer, got)
		}
	}
}
