package cluster

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestTarget: each address of a room is the room's, and those that join may begin it.
func TestTarget(t *testing.T) {
	for _, test := range []struct {
		request string
		room    string
		opens   bool
	}{
		{"POST /whip/demo", "demo", true},
		{"OPTIONS /whip/demo", "demo", false},
		{"PATCH /whip/demo/secret", "demo", false},
		{"POST /whip/demo/secret", "demo", false},
		{"DELETE /whep/demo/secret", "demo", false},
		{"POST /whep/demo", "demo", true},
		{"GET /ws/demo", "demo", false},
		{"UPGRADE /ws/demo", "demo", true},
		{"POST /sse/demo", "demo", true},
		{"POST /sse/demo/secret", "demo", false},
		{"GET /hls/demo/index.m3u8", "demo", false},
		{"GET /hls/demo/s/video1_stream.m3u8", "demo", false},
		{"GET /api/v1/rooms/demo", "demo", false},
		{"DELETE /api/v1/rooms/demo", "demo", false},
		{"POST /api/v1/rooms/demo/inputs", "demo", true},
		{"GET /api/v1/rooms/demo/inputs", "demo", false},
		{"POST /api/v1/rooms/demo/inputs/more", "demo", false},
		{"PUT /api/v1/rooms/demo/lock", "demo", false},
		{"GET /api/v1/rooms/demo/files/id", "demo", false},
		// These are any node's own.
		{"GET /", "", false},
		{"GET /r/demo", "", false},
		{"GET /watch/demo", "", false},
		{"GET /recordings/demo", "", false},
		{"GET /api/v1/rooms", "", false},
		{"GET /api/v1/rooms/", "", false},
		{"GET /api/v1/nodes", "", false},
		{"GET /api/v2/rooms/demo", "", false},
		{"GET /healthz", "", false},
		{"GET /metrics", "", false},
		{"GET /static/call.js", "", false},
		// These are names that no room has.
		{"POST /whip/", "", false},
		{"POST /whip/a.b", "", false},
		{"POST /whip/" + strings.Repeat("a", 65), "", false},
		{"POST /whip/..%2Fapi", "", false},
	} {
		method, path, _ := strings.Cut(test.request, " ")
		upgrade := method == "UPGRADE"
		if upgrade {
			method = http.MethodGet
		}
		r := httptest.NewRequest(method, "http://localhost"+path, nil)
		if upgrade {
			r.Header.Set("Upgrade", "websocket")
		}
		if room, opens := target(r); room != test.room || opens != test.opens {
			t.Errorf("%s is about %q, %v; want %q, %v", test.request, room, opens, test.room, test.opens)
		}
	}
}

// TestSessionAndNode: which requests are about the session of one client, and which about one node.
func TestSessionAndNode(t *testing.T) {
	for _, test := range []struct {
		path    string
		session bool
		node    string
	}{
		{"/whip/demo/secret", true, ""},
		{"/whep/demo/secret", true, ""},
		{"/sse/demo/secret", true, ""},
		{"/whip/demo", false, ""},
		{"/ws/demo", false, ""},
		{"/hls/demo/index.m3u8", false, ""},
		{"/api/v1/nodes/a/drain", false, "a"},
		{"/api/v1/nodes/a.b-c/drain", false, "a.b-c"},
		{"/api/v1/nodes/a", false, ""},
		{"/api/v1/nodes/drain", false, ""},
		{"/api/v1/nodes/a/b/drain", false, ""},
		{"/api/v1/nodes//drain", false, ""},
		{"/api/v1/drain", false, ""},
	} {
		r := httptest.NewRequest(http.MethodPost, "http://localhost"+test.path, nil)
		if is, node := session(r), nodeOf(r); is != test.session || node != test.node {
			t.Errorf("%s is about a session: %v, and about node %q", test.path, is, node)
		}
	}
}
