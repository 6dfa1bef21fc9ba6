package signaling_test

import (
	"net/http"
	"strings"
	"testing"

	"tilemix/mcu/control"
	"tilemix/signaling/access"
)

// TestLobbyRoutes sends a guest to the lobby, lets it in, sends it back and refuses it.
func TestLobbyRoutes(t *testing.T) {
	url, _ := guarded(t, access.Invite)
	secret, _ := invited(t, url, `{}`)
	conn, ben, refused := come(t, url, "Ben", "bearer."+secret)
	if conn == nil {
		t.Fatal(refused)
	}
	negotiate(t, conn)
	seated(t, conn, ben.ID)
	at := url + "/api/v1/rooms/den/waiting"
	post := func(to, body string, status int) {
		t.Helper()
		do(t, http.MethodPost, to, body, "Content-Type", "application/json", "Authorization", operator).want(t, status)
	}
	list := func() string {
		t.Helper()
		return do(t, http.MethodGet, at, "", "Authorization", operator).body
	}
	for range 2 {
		post(at, `{"id":"`+ben.ID+`"}`, http.StatusNoContent)
		if w := awaitMessage[control.Waiting](t, conn); w.Position != 1 {
			t.Errorf("Ben is told %+v", w)
		}
		if all := list(); !strings.Contains(all, `"id":"`+ben.ID+`","name":"Ben","since":"2`) {
			t.Errorf("those who wait are %s", all)
		}
		post(at+"/"+ben.ID+"/admit", "", http.StatusNoContent)
		if w := awaitMessage[control.Admitted](t, conn); w.Room != "den" {
			t.Errorf("Ben is told %+v", w)
		}
	}
	post(at+"/"+ben.ID+"/admit", "", http.StatusNotFound)
	post(at+"/"+ben.ID+"/reject", `{}`, http.StatusNotFound)
	post(at, `{"id":"`+ben.ID+`"}`, http.StatusNoContent)
	post(at+"/"+ben.ID+"/reject", `{"reason":"full house"}`, http.StatusNoContent)
	if r := awaitMessage[control.Rejected](t, conn); r.Reason != "full house" {
		t.Errorf("Ben is told %+v", r)
	}
	if all := list(); strings.TrimSpace(all) != `{"waiting":[]}` {
		t.Errorf("those who wait are %s", all)
	}
	do(t, http.MethodGet, at, "", "Authorization", "Bearer "+secret).want(t, http.StatusForbidden)
}
