package hook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/hook"
)

var now = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

var question = hook.Question{
	Action: "connect", Room: "demo", Identity: "ada", Name: "Ada", Token: "hunter2",
	Address: "198.51.100.1", Protocol: "ws", UserAgent: "Mozilla/5.0",
}

// ask asks a server that answers so.
func ask(t *testing.T, limit time.Duration, answer http.HandlerFunc) (c credential.Claims, room string, err error) {
	t.Helper()
	server := httptest.NewServer(answer)
	defer server.Close()
	log := new(bytes.Buffer)
	cfg := hook.Default()
	cfg.URL, cfg.Timeout = server.URL+"/?key=swordfish", limit
	h, err := hook.New(cfg, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	c, room, err = h.Ask(t.Context(), question, now)
	if text := log.String() + fmt.Sprint(err); strings.Contains(text, "swordfish") || strings.Contains(text, "hunter2") {
		t.Errorf("a secret is in %s", text)
	}
	return c, room, err
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func code(err error) string {
	if r, ok := errors.AsType[*credential.Refusal](err); ok {
		return r.Code
	}
	return fmt.Sprint(err)
}

// TestQuestion holds what the other server is told, by the names in JSON.
func TestQuestion(t *testing.T) {
	_, _, err := ask(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		var got map[string]string
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		want := map[string]string{
			"action": "connect", "room": "demo", "identity": "ada", "name": "Ada", "token": "hunter2",
			"address": "198.51.100.1", "protocol": "ws", "userAgent": "Mozilla/5.0",
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %v", r.Method, got)
		}
		_, _ = io.WriteString(w, `{"allow":true}`)
	})
	if err != nil {
		t.Error(err)
	}
}

// TestAnswers has answers that let in, that deny, and that are none.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		answer string
		code   string
		grant  policy.Grant
		room   string
	}{
		{`{"allow":true}`, "<nil>", policy.Grant{Identity: "ada"}, "demo"},
		{
			`{"allow":true,"role":"host","name":"Dr Ada","view":"stage","room":"hall","until":"2026-05-04T10:00:00Z","more":1}`, "<nil>",
			policy.Grant{Role: policy.Host, Identity: "ada", Name: "Dr Ada", View: "stage"},
			"hall",
		},
		{`{"allow":false}`, "hook_denied", policy.Grant{}, ""},
		{`{"allow":false,"role":"host"}`, "hook_denied", policy.Grant{}, ""},
		{`{"allow":true,"until":"2026-05-04T09:00:00Z"}`, "hook_denied", policy.Grant{}, ""},

		{``, "hook_failed", policy.Grant{}, ""},
		{`{}`, "hook_failed", policy.Grant{}, ""},
		{`null`, "hook_failed", policy.Grant{}, ""},
		{`true`, "hook_failed", policy.Grant{}, ""},
		{`ok`, "hook_failed", policy.Grant{}, ""},
		{`{"allow":"true"}`, "hook_failed", policy.Grant{}, ""},
		{`{"allow":1}`, "hook_failed", policy.Grant{}, ""},
		{`{"allow":true} {`, "hook_failed", policy.Grant{}, ""},
		{`{"allow":true,"role":"king"}`, "hook_failed", policy.Grant{}, ""},
		{`{"allow":true,"until":"tomorrow"}`, "hook_failed", policy.Grant{}, ""},
		{`{"allow":true,"room":"../x"}`, "hook_failed", policy.Grant{}, ""},
		{`{"allow":true,"name":"` + strings.Repeat("a", 201) + `"}`, "hook_failed", policy.Grant{}, ""},
		{`{"allow":true,"reason":"` + strings.Repeat("a", 70<<10) + `"}`, "hook_failed", policy.Grant{}, ""},
	} {
		claims, room, err := ask(t, time.Minute, says(c.answer))
		if code(err) != c.code || claims.Grant != c.grant || room != c.room || err == nil && !claims.Admits(room) {
			t.Errorf("%.80s: %+v, %q, %v", c.answer, claims, room, err)
		}
	}
}

// TestReason hands the other server's reason on, as one short line.
func TestReason(t *testing.T) {
	_, _, err := ask(t, time.Minute, says(`{"allow":false,"reason":"not\n paid\u0000`+strings.Repeat("é", 300)+`"}`))
	if text := err.Error(); !strings.HasPrefix(text, "you may not enter: not  paid") || len(text) > 230 || strings.ContainsAny(text, "\n\x00\ufffd") {
		t.Errorf("%q", text)
	}
}

// TestFails has a hook that is slow, sends elsewhere, or is not there.
func TestFails(t *testing.T) {
	var elsewhere atomic.Bool
	for name, answer := range map[string]http.HandlerFunc{
		"status 500": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"allow":true}`)
		},
		"status 201": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"allow":true}`)
		},
		"redirection": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				elsewhere.Store(true)
			}
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		},
		"slow": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		},
		"slow in the middle": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, `{"allow":`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"breaks off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		begun := time.Now()
		_, _, err := ask(t, 200*time.Millisecond, answer)
		r, _ := errors.AsType[*credential.Refusal](err)
		if r == nil || r.Code != "hook_failed" || r.After == 0 || r.Status() != http.StatusServiceUnavailable || time.Since(begun) > 10*time.Second {
			t.Errorf("%s: %v", name, err)
		}
	}
	if elsewhere.Load() {
		t.Error("a redirection was followed")
	}
	if limit := hook.Default().Timeout; limit != 2*time.Second {
		t.Errorf("the limit is %v", limit)
	}
}

// TestPermit judges the address of the URL, as it stands and as it resolves.
func TestPermit(t *testing.T) {
	asked := make(chan bool, 1)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- true }))
	defer server.Close()
	refuse := func(ip netip.Addr) error {
		if ip.IsLoopback() {
			return errors.New("loopback")
		}
		return nil
	}
	cfg := hook.Default()
	cfg.URL, cfg.Permit = server.URL, refuse
	if _, err := hook.New(cfg, slog.New(slog.DiscardHandler)); !errors.Is(err, hook.ErrConfig) {
		t.Errorf("an address that is not allowed: %v", err)
	}
	cfg.URL = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	h, err := hook.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Ask(t.Context(), question, now); code(err) != "hook_failed" || len(asked) != 0 {
		t.Errorf("a name that resolves to it: %v", err)
	}
	for _, bad := range []string{"", "demo", "ftp://example.org", "http://", "https://%zz"} {
		cfg.URL = bad
		if _, err := hook.New(cfg, nil); !errors.Is(err, hook.ErrConfig) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestBounded has more questions at once than are asked at once.
func TestBounded(t *testing.T) {
	var inside, most atomic.Int32
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := inside.Add(1)
		defer inside.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n == 64 {
			close(release)
		}
		<-release
		_, _ = io.WriteString(w, `{"allow":true}`)
	}))
	defer server.Close()
	cfg := hook.Default()
	cfg.URL, cfg.Timeout = server.URL, time.Minute
	h, err := hook.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, _, err := h.Ask(context.Background(), question, now); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() != 64 {
		t.Errorf("%d at once", most.Load())
	}
}

// TestGone has a client that leaves while the hook thinks.
func TestGone(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		leave()
		<-r.Context().Done()
	}))
	defer server.Close()
	cfg := hook.Default()
	cfg.URL, cfg.Timeout = server.URL, time.Minute
	log := new(bytes.Buffer)
	h, err := hook.New(cfg, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if _, _, err := h.Ask(ctx, question, now); !errors.Is(err, context.Canceled) || log.Len() > 0 {
		t.Errorf("%v, %s", err, log)
	}
}

// TestWarnings logs a hook that fails once a second.
func TestWarnings(t *testing.T) {
	server := httptest.NewServer(says("no"))
	defer server.Close()
	cfg, log := hook.Default(), new(bytes.Buffer)
	cfg.URL, cfg.Timeout = server.URL, time.Minute
	h, err := hook.New(cfg, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for i := range 6 {
		if _, _, err := h.Ask(t.Context(), question, now.Add(time.Duration(i)*400*time.Millisecond)); code(err) != "hook_failed" {
			t.Error(err)
		}
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 3 {
		t.Errorf("%d warnings: %s", n, log)
	}
}
