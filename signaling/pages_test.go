package signaling_test

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"tilemix/signaling"
	"tilemix/web"
)

func TestPages(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	for path, name := range map[string]string{"/": "index.html", "/r/hall": "call.html", "/watch/hall": "watch.html"} {
		r := do(t, http.MethodGet, url+path, "")
		r.want(t, http.StatusOK)
		if r.body != string(web.Page(name)) {
			t.Errorf("%s is not %s", path, name)
		}
		if got := r.Header.Get("Content-Type"); got != "text/html; charset=utf-8" {
			t.Errorf("%s: Content-Type %q", path, got)
		}
		revisit(t, url+path, r.Header.Get("ETag"))
		head := do(t, http.MethodHead, url+path, "")
		head.want(t, http.StatusOK)
	}
}

func revisit(t *testing.T, url, etag string) {
	t.Helper()
	if etag == "" {
		t.Errorf("%s has no ETag", url)
	}
	do(t, http.MethodGet, url, "", "If-None-Match", etag).want(t, http.StatusNotModified)
	do(t, http.MethodGet, url, "", "If-None-Match", `"old"`).want(t, http.StatusOK)
}

func TestStatic(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	types := map[string]string{"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
	folder, err := web.Static()
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(folder, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		r := do(t, http.MethodGet, url+"/static/"+path, "")
		r.want(t, http.StatusOK)
		ending := path[strings.LastIndex(path, ".")+1:]
		if got := r.Header.Get("Content-Type"); types[ending] != "" && !strings.HasPrefix(got, types[ending]) {
			t.Errorf("%s: Content-Type %q", path, got)
		}
		revisit(t, url+"/static/"+path, r.Header.Get("ETag"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSecurityHeaders(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	host := strings.TrimPrefix(url, "http://")
	for _, path := range []string{"/", "/r/hall", "/static/nothing", "/healthz"} {
		h := do(t, http.MethodGet, url+path, "").Header
		for name, part := range map[string]string{
			"Content-Security-Policy": "default-src 'self'; connect-src 'self' ws://" + host + " wss://" + host + ";",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
			"Permissions-Policy":      "camera=(self), microphone=(self)",
		} {
			if !strings.Contains(h.Get(name), part) {
				t.Errorf("%s: %s: %q, want %q", path, name, h.Get(name), part)
			}
		}
	}
}

// A host that is no name or address stays out of the policy.
func TestPolicyIgnoresHostileHost(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "a;script-src*"
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := resp.Header.Get("Content-Security-Policy"); strings.Contains(got, "script-src*") {
		t.Errorf("policy %q", got)
	}
}

func TestPreflight(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	for path, want := range map[string][3]string{
		"/whip/hall":   {"POST", "Accept-Post", typeSDP},
		"/whep/hall":   {"POST", "Accept-Post", typeSDP},
		"/whip/hall/x": {"PATCH, DELETE", "Accept-Patch", typeFrag},
		"/whep/hall/x": {"PATCH, DELETE", "Accept-Patch", typeFrag},
	} {
		r := do(t, http.MethodOptions, url+path, "", "Origin", "https://elsewhere.example")
		r.want(t, http.StatusNoContent)
		for name, value := range map[string]string{
			"Access-Control-Allow-Origin":  "*",
			"Access-Control-Allow-Methods": want[0],
			"Access-Control-Allow-Headers": "Content-Type, If-Match, ETag, Link, Authorization",
			want[1]:                        want[2],
		} {
			if got := r.Header.Get(name); got != value {
				t.Errorf("%s: %s: %q, want %q", path, name, got, value)
			}
		}
	}
	r := do(t, http.MethodGet, url+"/api/v1/rooms", "", "Origin", "https://elsewhere.example")
	if got := r.Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("the API allows origin %q", got)
	}
}

func TestStatus(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	var health struct{ Status string }
	r := do(t, http.MethodGet, url+"/healthz", "")
	r.want(t, http.StatusOK)
	if err := json.Unmarshal([]byte(r.body), &health); err != nil || health.Status != "ok" {
		t.Errorf("health: %q", r.body)
	}
	if r := do(t, http.MethodGet, url+"/api/v1/rooms", ""); strings.TrimSpace(r.body) != `{"rooms":[]}` {
		t.Errorf("no rooms: %q", r.body)
	}
	s, _ := arrive(t, url, "Ada")
	next(t, s, crowd(1))
	r = do(t, http.MethodGet, url+"/api/v1/rooms", "")
	if want := `{"rooms":[{"name":"hall","participants":1,"viewers":0}]}`; strings.TrimSpace(r.body) != want {
		t.Errorf("rooms: %q, want %q", r.body, want)
	}
	metrics := do(t, http.MethodGet, url+"/metrics", "")
	metrics.want(t, http.StatusOK)
	for _, name := range []string{"go_goroutines", "process_cpu_seconds_total", "tilemix_websocket_slow_closed_total"} {
		if !strings.Contains(metrics.body, "\n"+name+" ") {
			t.Errorf("metrics lack %s", name)
		}
	}
}
