package signaling_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"tilemix/signaling/access"
)

// TestETags reads a list again: it is sent only when it has changed.
func TestETags(t *testing.T) {
	url, _ := guarded(t, access.Invite)
	at := url + "/api/v1/rooms/den/invites"
	invited(t, url, `{}`)
	first := do(t, http.MethodGet, at, "", "Authorization", operator)
	tag := first.Header.Get("ETag")
	for _, known := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		r := do(t, http.MethodGet, at, "", "Authorization", operator, "If-None-Match", known)
		if r.StatusCode != http.StatusNotModified || r.body != "" || r.Header.Get("ETag") != tag {
			t.Errorf("with %s: %s %q, ETag %s", known, r.Status, r.body, r.Header.Get("ETag"))
		}
	}
	invited(t, url, `{}`)
	r := do(t, http.MethodGet, at, "", "Authorization", operator, "If-None-Match", tag)
	if r.StatusCode != http.StatusOK || r.Header.Get("ETag") == tag || tag == "" {
		t.Errorf("changed: %s, ETag %s, was %s", r.Status, r.Header.Get("ETag"), tag)
	}
	do(t, http.MethodHead, at, "", "Authorization", operator, "If-None-Match", r.Header.Get("ETag")).want(t, http.StatusNotModified)
	rules := decide(t, url, `{"title":"Exam"}`, http.StatusOK)
	do(t, http.MethodGet, url+"/api/v1/rooms/den/rules", "", "Authorization", operator, "If-None-Match", rules).want(t, http.StatusNotModified)
}

// TestLongLists reads a list page by page while entries come: none is left out, and none is there twice.
func TestLongLists(t *testing.T) {
	url, _ := guarded(t, access.Invite)
	for n := range 5 {
		invited(t, url, fmt.Sprintf(`{"name":"guest %d"}`, n))
	}
	var names []string
	next := "/api/v1/rooms/den/invites?limit=2"
	for pages := 1; next != ""; pages++ {
		r := do(t, http.MethodGet, url+next, "", "Authorization", operator)
		r.want(t, http.StatusOK)
		page := read[struct {
			Invites []struct{ Name string }
			Next    string
		}](t, r)
		for _, i := range page.Invites {
			names = append(names, i.Name)
		}
		next, _, _ = strings.Cut(strings.TrimPrefix(r.Header.Get("Link"), "<"), `>; rel="next"`)
		if (page.Next == "") != (next == "") || len(page.Invites) > 2 || pages > 5 {
			t.Fatalf("page %d has %d entries, next %q, Link %q", pages, len(page.Invites), page.Next, next)
		}
		if pages == 1 {
			invited(t, url, `{"name":"guest 5"}`)
		}
	}
	if got := strings.Join(names, ","); got != "guest 0,guest 1,guest 2,guest 3,guest 4,guest 5" {
		t.Errorf("the pages have %s", got)
	}
	for _, query := range []string{"limit=0", "limit=1001", "limit=x", "cursor=%25"} {
		do(t, http.MethodGet, url+"/api/v1/rooms/den/invites?"+query, "", "Authorization", operator).want(t, http.StatusBadRequest)
	}
	for _, list := range []string{"/api/v1/rooms?limit=1", "/api/v1/rooms/den/bans?limit=1"} {
		do(t, http.MethodGet, url+list, "", "Authorization", operator).want(t, http.StatusOK)
	}
}

// TestIdempotency sends a request again, as a program does that got no answer: it has one effect and
// one answer. Another request by the same key is refused.
func TestIdempotency(t *testing.T) {
	url, _ := guarded(t, access.Invite)
	at := url + "/api/v1/rooms/den/invites"
	post := func(body, key string) reply {
		t.Helper()
		return do(t, http.MethodPost, at, body, "Content-Type", "application/json", "Authorization", operator, "Idempotency-Key", key)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { post(`{"name":"Ada"}`, "one") }) // one is served, and others wait or get its answer
	}
	wg.Wait()
	first, again := post(`{"name":"Ada"}`, "one"), post(`{"name":"Ada"}`, "one")
	first.want(t, http.StatusCreated)
	if again.body != first.body || again.StatusCode != first.StatusCode || again.Header.Get("Location") != first.Header.Get("Location") ||
		again.Header.Get("Idempotency-Replayed") == "" || again.Header.Get("Location") == "" {
		t.Errorf("the answer was %s %s, and is %s %s", first.Status, first.body, again.Status, again.body)
	}
	if r := post(`{"name":"Eve"}`, "one"); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(r.body, `"idempotency_mismatch"`) {
		t.Errorf("another body: %s %s", r.Status, r.body)
	}
	post(`{"uses":-1}`, "two").want(t, http.StatusBadRequest)
	post(`{"uses":1}`, "two").want(t, http.StatusCreated) // what was refused had no effect
	post(`{}`, strings.Repeat("x", 256)).want(t, http.StatusBadRequest)
	list := do(t, http.MethodGet, at, "", "Authorization", operator)
	if n := strings.Count(list.body, `"id"`); n != 2 {
		t.Errorf("there are %d invites: %s", n, list.body)
	}
}
