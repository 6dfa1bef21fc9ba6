package signaling_test

import (
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

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

// TestLost answers browsers with a page where there is nothing, also behind a proxy with a path, and
// programs with JSON.
func TestLost(t *testing.T) {
	cfg := signaling.Default()
	cfg.Prefix = "/mix"
	url := serve(t, newServer(t), cfg)
	for path, page := range map[string]bool{"/r/": true, "/nope": true, "/static/none.js": true, "/api/v1/nope": false} {
		r := do(t, http.MethodGet, url+"/mix"+path, "", "Accept", "text/html,*/*")
		r.want(t, http.StatusNotFound)
		if got := strings.Contains(r.body, "There is nothing at this address"); got != page || page && !strings.Contains(r.body, `href="/mix/static/join.min.css"`) {
			t.Errorf("a browser at %s gets %.80s", path, r.body)
		}
		if r := do(t, http.MethodGet, url+"/mix"+path, ""); !strings.HasPrefix(r.body, `{"error"`) {
			t.Errorf("a program at %s gets %.80s", path, r.body)
		}
	}
}

// TestManifest looks at what a page needs to be installed, and at the icon that browsers ask for unasked.
func TestManifest(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	if r := do(t, http.MethodGet, url+"/favicon.ico", ""); r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "image/png" {
		t.Errorf("/favicon.ico is %d, %s", r.StatusCode, r.Header.Get("Content-Type"))
	}
	manifest := read[struct {
		Name  string
		Start string `json:"start_url"`
		Icons []struct{ Src, Type string }
	}](t, do(t, http.MethodGet, url+"/static/manifest.json", ""))
	if manifest.Name == "" || manifest.Start != "../" || len(manifest.Icons) < 3 {
		t.Errorf("the manifest is %+v", manifest)
	}
	for _, icon := range manifest.Icons {
		if r := do(t, http.MethodGet, url+"/static/"+icon.Src, ""); r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != icon.Type {
			t.Errorf("%s is %d, %s", icon.Src, r.StatusCode, r.Header.Get("Content-Type"))
		}
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
	url := serve(t, newServer(t), open())
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
			"Access-Control-Allow-Headers": "Content-Type, If-Match, ETag, Link, Authorization, Tilemix-Pin, Tilemix-Resume",
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
	s := arrive(t, url, "Ada")
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

// TestOrigins has pages of other origins ask: those that are named may use WHIP, WHEP and HLS, and no
// other page may.
func TestOrigins(t *testing.T) {
	srv := newServer(t)
	const named, other = "https://embed.example", "https://elsewhere.example"
	for _, test := range []struct {
		allowed        []string
		origin, answer string
	}{
		{nil, other, ""},
		{[]string{named}, other, ""},
		{[]string{named}, named, named},
		{[]string{"*"}, other, "*"},
	} {
		cfg := signaling.Default()
		cfg.Origins = test.allowed
		url := serve(t, srv, cfg)
		for _, path := range []string{"/whip/hall", "/whep/hall"} {
			r := do(t, http.MethodOptions, url+path, "", "Origin", test.origin)
			if got := r.Header.Get("Access-Control-Allow-Origin"); got != test.answer {
				t.Errorf("%v allowed, %s asks for %s: %q, want %q", test.allowed, test.origin, path, got, test.answer)
			}
		}
	}
}

// TestHosts has requests come by names: addresses, localhost, and those that the server is told.
func TestHosts(t *testing.T) {
	cfg := signaling.Default()
	cfg.Hosts = []string{"Meet.example.org"}
	said := &logbook{} // a WebSocket may end, and say so, while it is read
	url := serveLogged(t, newServer(t), cfg, slog.New(slog.NewTextHandler(said, nil)))
	ask := func(method, path, host, origin string) int {
		r, err := http.NewRequestWithContext(t.Context(), method, url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		note(body)
		return resp.StatusCode
	}
	for host, want := range map[string]int{
		"127.0.0.1:8080": 200, "[::1]:8080": 200, "10.1.2.3": 200, "localhost:9": 200, "LOCALHOST": 200,
		"meet.example.org": 200, "meet.example.org:443": 200, "evil.example:23000": 421, "meet.example.org.evil.example": 421,
	} {
		if got := ask(http.MethodGet, "/healthz", host, ""); got != want {
			t.Errorf("Host %s: %d, want %d", host, got, want)
		}
	}
	// nginx names the server by its address where it is not told to pass the name on.
	upgrade := []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}
	do(t, http.MethodGet, url+"/ws/hall", "", append(upgrade, "Origin", "https://evil.example")...).want(t, http.StatusForbidden)
	//nolint:bodyclose // Dial has closed it
	conn, _, err := websocket.Dial(t.Context(), url+"/ws/hall", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://meet.example.org"}}})
	if err != nil {
		t.Errorf("behind a proxy that does not pass Host on: %v", err)
	} else {
		_ = conn.CloseNow()
	}
	if text := said.String(); !strings.Contains(text, "evil.example") || !strings.Contains(text, "--host") {
		t.Errorf("the log says %q", text)
	}
	counted(t, url, `tilemix_refused_requests_total{reason="host"} 2`)
}

// TestEmbedding looks at which pages may show the server's in a frame.
func TestEmbedding(t *testing.T) {
	srv := newServer(t)
	for _, test := range []struct {
		allowed []string
		want    string
	}{
		{nil, "; frame-ancestors 'self'"},
		{[]string{"https://embed.example", "https://two.example:8443"}, "; frame-ancestors 'self' https://embed.example https://two.example:8443"},
		{[]string{"*"}, "; frame-ancestors 'self' *"},
	} {
		cfg := signaling.Default()
		cfg.Embedders = test.allowed
		policy := do(t, http.MethodGet, serve(t, srv, cfg)+"/r/hall", "").Header.Get("Content-Security-Policy")
		if !strings.HasSuffix(policy, test.want) || strings.Count(policy, "frame-ancestors") != 1 {
			t.Errorf("%v may embed: %q", test.allowed, policy)
		}
	}
}
