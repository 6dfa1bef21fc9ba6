package whip_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/rtc/whip"
)

// TestSession begins and ends sessions and compares what the server was asked.
func TestSession(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.String()+" "+r.Header.Get("Content-Type")+" "+r.Header.Get("X-More"))
		switch {
		case r.Method == http.MethodDelete:
		case r.URL.Path == "/whep/full":
			w.Header().Set("Retry-After", "7")
			http.Error(w, `{"error":"the room is full"}`, http.StatusServiceUnavailable)
		default:
			w.Header().Set("Location", "/whip/demo/1")
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte("answer"))
		}
	}))
	defer server.Close()
	target := whip.Room(server.URL+"/", "demo", "Ada & Eve", false)
	target.Header = http.Header{"X-More": {"more"}}
	s := whip.New(server.Client(), target)
	s.End(t.Context()) // has not begun
	answer, err := s.Exchange(t.Context(), "offer")
	if err != nil || answer != "answer" {
		t.Errorf("the answer is %q, %v", answer, err)
	}
	s.End(t.Context())
	s.End(t.Context()) // has ended
	_, err = whip.New(server.Client(), whip.Room(server.URL, "full", "", true)).Exchange(t.Context(), "offer")
	var refusal *whip.Refusal
	if !errors.As(err, &refusal) || refusal.Permanent() || refusal.RetryAfter != 7*time.Second || refusal.Reason != "the room is full" {
		t.Errorf("the refusal is %+v, %v", refusal, err)
	}
	want := []string{
		"POST /whip/demo?name=Ada+%26+Eve application/sdp more", "DELETE /whip/demo/1  ", "POST /whep/full?name= application/sdp ",
	}
	if !slices.Equal(asked, want) {
		t.Errorf("asked was %q, not %q", asked, want)
	}
}

// TestToken compares the credentials that servers get: the target's host the token or its
// userinfo, and no other host.
func TestToken(t *testing.T) {
	var got []string
	note := func(r *http.Request) {
		got = append(got, r.Method+" "+r.Header.Get("Authorization"))
	}
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { note(r) }))
	defer other.Close()
	location := "/session"
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r)
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusCreated)
	}))
	defer home.Close()
	session := func(target whip.Target) {
		s := whip.New(home.Client(), target)
		if _, err := s.Exchange(t.Context(), "offer"); err != nil {
			t.Fatal(err)
		}
		s.End(t.Context())
	}
	session(whip.Target{URL: home.URL, Token: "key"})
	session(whip.Target{URL: strings.Replace(home.URL, "//", "//ada:key@", 1)})
	location = other.URL
	session(whip.Target{URL: home.URL, Token: "key"})
	want := []string{"POST Bearer key", "DELETE Bearer key", "POST Basic YWRhOmtleQ==", "DELETE Basic YWRhOmtleQ==", "POST Bearer key", "DELETE "}
	if !slices.Equal(got, want) {
		t.Errorf("servers got %q, not %q", got, want)
	}
}

// TestRefusals reads answers that are not 201. Of long lines nothing is kept.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		body      string
		status    int
		reason    string
		permanent bool
	}{
		{"no such room\n", http.StatusNotFound, "no such room", true},
		{`{"error":""}`, http.StatusBadRequest, `{"error":""}`, true},
		{strings.Repeat("k", 9000), http.StatusForbidden, "", true},
		{"bad\n" + strings.Repeat("k", 9000), http.StatusRequestTimeout, "bad", false},
		{"", http.StatusTooManyRequests, "", false},
		{"", http.StatusOK, "", false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		}))
		_, err := whip.New(server.Client(), whip.Target{URL: server.URL}).Exchange(t.Context(), "offer")
		server.Close()
		refusal, _ := errors.AsType[*whip.Refusal](err)
		if refusal == nil || refusal.Status != c.status || refusal.Reason != c.reason || refusal.Permanent() != c.permanent {
			t.Errorf("%d %.20q: the refusal is %+v", c.status, c.body, refusal)
		}
	}
}

// TestUnreachable has no server. The error does not show the address.
func TestUnreachable(t *testing.T) {
	for _, target := range []string{"http://127.0.0.1:1/s3cret", "http://[/s3cret", "\x7f://s3cret"} {
		if _, err := whip.New(http.DefaultClient, whip.Target{URL: target}).Exchange(t.Context(), "offer"); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: the error is %v", target, err)
		}
	}
}

// TestGone asks for a session that has not begun, that is there, that a new server does not know, and whose server
// is gone.
func TestGone(t *testing.T) {
	status := http.StatusNoContent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			if kind := r.Header.Get("Content-Type"); kind != "application/trickle-ice-sdpfrag" || r.Header.Get("If-Match") != "*" {
				t.Errorf("the question is of %s for %s", kind, r.Header.Get("If-Match"))
			}
			w.WriteHeader(status)
			return
		}
		w.Header().Set("Location", "/whip/demo/1")
		w.WriteHeader(http.StatusCreated)
	}))
	s := whip.New(server.Client(), whip.Room(server.URL, "demo", "Ada", false))
	is := func(what string, want bool) {
		t.Helper()
		if got := s.Gone(t.Context()); got != want {
			t.Errorf("%s: %v", what, got)
		}
	}
	is("not begun", false)
	if _, err := s.Exchange(t.Context(), "offer"); err != nil {
		t.Fatal(err)
	}
	is("there", false)
	status = http.StatusServiceUnavailable
	is("the server is busy", false)
	status = http.StatusNotFound
	is("not known", true)
	server.Close()
	is("no server", true)
}
