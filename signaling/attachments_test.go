package signaling_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"tilemix/signaling"
	"tilemix/signaling/access"
	"tilemix/signaling/attachment"
)

// TestAttachments uploads files for the chat of a room, by those who may write in it, and reads them.
func TestAttachments(t *testing.T) {
	files := attachment.Default()
	files.Dir, files.MaxFile, files.MaxRoom = filepath.Join(t.TempDir(), "files"), 1000, 2000
	store := attachment.Open(files, quiet)
	url, _ := guarded(t, access.Open, func(c *signaling.Config) { c.Attachments = store })
	at := url + "/api/v1/rooms/den/files?name=..%2F..%2Fx%22%0A.html"
	send := func(body string, header ...string) reply { return do(t, http.MethodPost, at, body, header...) }

	send("hello", "Authorization", operator).want(t, http.StatusNotFound) // nobody is in the room
	send("hello").want(t, http.StatusUnauthorized)
	_, ada, _ := come(t, url, "Ada")
	mine := []string{"Authorization", "Bearer " + ada.Resume}
	r := send("<script>alert(1)</script>", mine...)
	r.want(t, http.StatusCreated)
	var f struct{ ID, Name, Address string }
	if err := json.Unmarshal([]byte(r.body), &f); err != nil || f.Name != `x".html` {
		t.Fatalf("kept as %s: %v", r.body, err)
	}
	got := do(t, http.MethodGet, url+f.Address, "")
	got.want(t, http.StatusOK)
	kind, as := got.Header.Get("Content-Type"), got.Header.Get("Content-Disposition")
	if got.body != "<script>alert(1)</script>" || kind != "application/octet-stream" || !strings.HasPrefix(as, "attachment;") || got.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("it is served as %s, %s, with %v", kind, as, got.Header)
	}
	for _, path := range []string{"/api/v1/rooms/den/files/" + strings.Repeat("a", 26), "/api/v1/rooms/red/files/" + f.ID, "/api/v1/rooms/den/files/..%2F" + f.ID} {
		do(t, http.MethodGet, url+path, "").want(t, http.StatusNotFound)
	}
	for _, c := range []struct {
		body string
		auth []string
		want int
		code string
	}{
		{"hello", []string{"Authorization", "Bearer " + ada.Resume, "Origin", "https://elsewhere.example"}, http.StatusForbidden, "foreign_origin"},
		{"hello", []string{"Authorization", "Bearer guess"}, http.StatusUnauthorized, "invalid_credential"},
		{strings.Repeat("x", 1001), mine, http.StatusRequestEntityTooLarge, "too_large"},
		{strings.Repeat("x", 1000), mine, http.StatusCreated, ""},
		{strings.Repeat("x", 1000), mine, http.StatusInsufficientStorage, "files_full"},
	} {
		r := send(c.body, c.auth...)
		r.want(t, c.want)
		if !strings.Contains(r.body, `"code":"`+c.code+`"`) && c.code != "" {
			t.Errorf("%d bytes are answered %s, not with %s", len(c.body), r.body, c.code)
		}
	}
}
