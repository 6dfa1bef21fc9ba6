package whip_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"tilemix/signaling/whip"
)

func TestSession(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.String())
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
	s := whip.New(server.Client(), server.URL+"/", "demo", "Ada & Eve", false)
	s.End(t.Context()) // has not begun
	answer, err := s.Exchange(t.Context(), "offer")
	if err != nil || answer != "answer" {
		t.Errorf("the answer is %q, %v", answer, err)
	}
	s.End(t.Context())
	_, err = whip.New(server.Client(), server.URL, "full", "", true).Exchange(t.Context(), "offer")
	var refusal *whip.Refusal
	if !errors.As(err, &refusal) || refusal.Permanent() || refusal.RetryAfter != 7*time.Second || refusal.Reason != "the room is full" {
		t.Errorf("the refusal is %+v, %v", refusal, err)
	}
	want := []string{"POST /whip/demo?name=Ada+%26+Eve", "DELETE /whip/demo/1", "POST /whep/full?name="}
	if len(asked) != 3 || asked[0] != want[0] || asked[1] != want[1] || asked[2] != want[2] {
		t.Errorf("asked was %q, not %q", asked, want)
	}
}
