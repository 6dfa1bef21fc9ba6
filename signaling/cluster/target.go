package cluster

import (
	"net/http"
	"strings"

	"tilemix/mcu"
)

// target returns the room that a request is about, "" for none, and whether it may begin the room.
func target(r *http.Request) (room string, opens bool) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if len(parts) >= 4 && parts[0] == "api" && parts[1] == "v1" && parts[2] == "rooms" {
		room, parts = parts[3], parts[4:]
		opens = r.Method == http.MethodPost && len(parts) == 1 && parts[0] == "inputs"
	} else if len(parts) >= 2 {
		switch room = parts[1]; parts[0] {
		case "whip", "whep", "sse":
			opens = r.Method == http.MethodPost && len(parts) == 2
		case "ws":
			opens = r.Method == http.MethodGet && r.Header.Get("Upgrade") != ""
		case "hls":
		default:
			return "", false
		}
	}
	if mcu.CheckRoomName(room) != nil {
		return "", false
	}
	return room, opens
}

// follows tells whether a client that begins a session can be sent elsewhere (RFC 9725 §4.5). One with a token
// cannot: most clients leave it out of the request to another host. Nor can a page, which may reach its own server only.
func follows(r *http.Request) bool {
	_, opens := target(r)
	media := strings.HasPrefix(r.URL.Path, "/whip/") || strings.HasPrefix(r.URL.Path, "/whep/")
	return opens && media && r.Header.Get("Authorization") == "" && r.Header.Get("Origin") == ""
}

// session tells whether a request is about the session of one client.
func session(r *http.Request) bool {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return len(parts) == 3 && (parts[0] == "whip" || parts[0] == "whep" || parts[0] == "sse")
}

// nodeOf returns the node that a request is about, "" for none.
func nodeOf(r *http.Request) string {
	id, is := strings.CutPrefix(r.URL.Path, "/api/v1/nodes/")
	id, is2 := strings.CutSuffix(id, "/drain")
	if !is || !is2 || !wellFormed.MatchString(id) {
		return ""
	}
	return id
}
