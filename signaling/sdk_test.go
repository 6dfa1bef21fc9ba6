package signaling_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"tilemix/signaling"
)

// TestSDK has pages of every origin load the SDK.
func TestSDK(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	r := do(t, http.MethodGet, url+"/sdk.js", "", "Origin", "https://elsewhere.example")
	r.want(t, http.StatusOK)
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin", "Content-Type": "text/javascript; charset=utf-8",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(r.body, "export{") {
		t.Error("/sdk.js exports nothing")
	}
	revisit(t, url+"/sdk.js", r.Header.Get("ETag"))
	r = do(t, http.MethodGet, url+"/elements.js", "", "Origin", "https://elsewhere.example")
	if got := r.Header.Get("Access-Control-Allow-Origin"); got != "*" || !strings.Contains(r.body, `"tilemix-call"`) {
		t.Errorf("/elements.js for origin %q: %.80q", got, r.body)
	}
	do(t, http.MethodGet, url+"/sdk/call.js", "").want(t, http.StatusOK)
	do(t, http.MethodGet, url+"/sdk/package.json", "").want(t, http.StatusNotFound)
}

// TestSocketOrigins opens WebSockets from pages of other origins: those that are allowed can.
func TestSocketOrigins(t *testing.T) {
	for _, tt := range []struct {
		allowed []string
		origin  string
		want    int
	}{
		{nil, "https://shop.example", http.StatusForbidden},
		{[]string{"https://shop.example"}, "https://shop.example", http.StatusSwitchingProtocols},
		{[]string{"https://Shop.example"}, "https://shop.EXAMPLE", http.StatusSwitchingProtocols},
		{[]string{"https://shop.example"}, "http://shop.example", http.StatusForbidden},
		{[]string{"https://shop.example"}, "https://shop.example.evil.example", http.StatusForbidden},
		{[]string{"https://shop.example"}, "null", http.StatusForbidden},
		{[]string{"*"}, "https://anyone.example", http.StatusSwitchingProtocols},
	} {
		cfg := signaling.Default()
		cfg.Origins = tt.allowed
		url := serve(t, newServer(t), cfg)
		conn, r, err := websocket.Dial(t.Context(), url+"/ws/hall?name=Ada", &websocket.DialOptions{ //nolint:bodyclose // Dial closes it
			Subprotocols: []string{"tilemix"}, HTTPHeader: http.Header{"Origin": {tt.origin}},
		})
		if err == nil {
			_ = conn.CloseNow()
		}
		if r == nil || r.StatusCode != tt.want {
			t.Errorf("%v, page of %s: %v, %v, want %d", tt.allowed, tt.origin, r, err, tt.want)
		}
	}
}

// TestSharedAddresses lists what pages of an origin that is allowed can read, and what they cannot.
func TestSharedAddresses(t *testing.T) {
	cfg := signaling.Default()
	cfg.Origins = []string{"https://shop.example"}
	url := serve(t, newServer(t), cfg)
	for path, shared := range map[string]bool{
		"/ws/hall": true, "/healthz": true, "/api/v1/ice-servers": true, "/hls/hall/index.m3u8": true,
		"/api/v1/rooms": false, "/api/v1/ice-servers/x": false, "/api/v1/rooms/hall/participants": false, "/healthz/x": false, "/metrics": false,
	} {
		got := do(t, http.MethodGet, url+path, "", "Origin", "https://shop.example").Header.Get("Access-Control-Allow-Origin")
		if (got != "") != shared {
			t.Errorf("%s allows the origin %q", path, got)
		}
	}
	do(t, http.MethodOptions, url+"/ws/hall", "", "Origin", "https://shop.example").want(t, http.StatusNoContent)
}
