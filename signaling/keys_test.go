package signaling_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tilemix/signaling"
	"tilemix/signaling/access"
	"tilemix/signaling/access/key"
)

// TestKeys lists the keys of a server without their secrets, and removes one.
func TestKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ring, err := key.Open(dir, quiet)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := key.Add(dir, key.Key{Name: "exams", Rooms: "exam-*", Scopes: []string{"record"}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	url, _ := guarded(t, access.Open, func(cfg *signaling.Config) { cfg.Keys = ring })
	at := url + "/api/v1/keys"
	do(t, http.MethodGet, at, "", "X-Nobody", "1").want(t, http.StatusUnauthorized)
	r := do(t, http.MethodGet, at, "", "Authorization", operator)
	r.want(t, http.StatusOK)
	if !strings.Contains(r.body, `"name":"exams"`) || !strings.Contains(r.body, `"rooms":"exam-*"`) || strings.Contains(r.body, secret) || strings.Contains(r.body, "hash") {
		t.Errorf("the list is %s", r.body)
	}
	do(t, http.MethodDelete, at+"/exams", "", "X-Nobody", "1").want(t, http.StatusUnauthorized)
	do(t, http.MethodDelete, at+"/exams", "", "Authorization", operator).want(t, http.StatusNoContent)
	do(t, http.MethodDelete, at+"/exams", "", "Authorization", operator).want(t, http.StatusNotFound)
	if ring.Any() {
		t.Error("the key is still there")
	}
}
