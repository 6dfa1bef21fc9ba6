package cluster

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tilemix/signaling/cluster/directory"
)

// TestAskDead: a client that asks for its session, whose home is dead, learns at once that the session is no more, so
// that it comes back. The site here gets the whole question.
func TestAskDead(t *testing.T) {
	c, w := lone(t, slog.New(slog.DiscardHandler), nil)
	list, err := json.Marshal(rooms{ID: "b", Run: "1", Rooms: []directory.Room{{Name: "far", People: 2, Since: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	w.hears[ofRooms](ofRooms, list)
	asked := ""
	c.Spread(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = string(body)
		http.NotFound(w, r)
	}))
	if home, ok := c.roster.home("far", time.Now()); !ok || home.ID != "b" {
		t.Fatalf("the room is at %q", home.ID)
	}
	r, answer := httptest.NewRequest(http.MethodPatch, "/whip/far/session", strings.NewReader("a=end-of-candidates")), httptest.NewRecorder()
	c.spread.ServeHTTP(answer, r)
	if answer.Code != http.StatusNotFound || asked != "a=end-of-candidates" {
		t.Errorf("%d %s, asked %q", answer.Code, answer.Body, asked)
	}
	if all := c.Nodes(); all[1].State != directory.Dead {
		t.Errorf("the home is %s", all[1].State)
	}
}
