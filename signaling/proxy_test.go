package signaling_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"tilemix/codec/codectest"
	"tilemix/mcu"
	"tilemix/mcu/broadcast"
	"tilemix/mcu/mcutest/poll"
	"tilemix/signaling"
	"tilemix/signaling/access"
)

// TestProxies runs the guide's snippets for reverse proxies with the real ones, and follows what the
// server answers through them.
func TestProxies(t *testing.T) {
	srv := newServer(t)
	broadcaster := broadcasting(t, srv)
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	upstream := func(prefix string, trusted []netip.Prefix) string {
		cfg := signaling.Default()
		cfg.Broadcaster, cfg.Prefix, cfg.Trusted = broadcaster, prefix, trusted
		cfg.Gate = access.OpenGate(operatorKey{}) // clients of a proxy that is not trusted manage by a key only
		return serve(t, srv, cfg)
	}
	set, told := upstream("/mix", nil), upstream("", loopback)
	for _, program := range []string{"nginx", "caddy"} {
		t.Run(program, func(t *testing.T) {
			path := codectest.Program(t, program)
			snippets := snippets(t, program)
			for _, test := range []struct{ name, upstream, snippet, prefix string }{
				{"root", told, snippets[0], ""},
				{"path by the header", told, snippets[1], "/mix"},
				{"path by the setting", set, snippets[1], "/mix"},
			} {
				t.Run(test.name, func(t *testing.T) {
					base := runProxy(t, path, strings.ReplaceAll(test.snippet, "127.0.0.1:8080", strings.TrimPrefix(test.upstream, "http://")))
					follow(t, base, test.prefix)
				})
			}
		})
	}
}

// broadcasting returns a broadcaster of the room "demo" of a server.
func broadcasting(t *testing.T, srv *server) *broadcast.Broadcaster {
	t.Helper()
	broadcaster := broadcast.New(broadcast.Default(), srv, quiet)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = broadcaster.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	ada, err := srv.Join(mcu.JoinOptions{Room: "demo", Name: "Ada", Fed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ada.Leave)
	return broadcaster
}

// snippets returns the guide's configurations of a program: at the root, and under a path.
func snippets(t *testing.T, program string) []string {
	t.Helper()
	guide, err := os.ReadFile(filepath.Join("..", "web", "docs", "network.md"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range regexp.MustCompile("(?s)```"+program+"\n(.*?)```").FindAllStringSubmatch(string(guide), -1) {
		all = append(all, m[1])
	}
	if len(all) != 2 {
		t.Fatalf("the guide has %d snippets for %s, want 2", len(all), program)
	}
	return all
}

// runProxy runs a proxy with a snippet until the test ends, and returns its URL.
func runProxy(t *testing.T, program, snippet string) string {
	t.Helper()
	// Of the addresses of this machine alone, another program has none of these at this port.
	at, dir := fmt.Sprintf("127.%d.%d.%d:8089", rand.IntN(256), rand.IntN(256), 1+rand.IntN(250)), t.TempDir()
	config, args := filepath.Join(dir, "config"), []string{"run", "--adapter", "caddyfile", "--config"}
	text := fmt.Sprintf("{\n admin off\n auto_https off\n}\nhttp://%s {\n%s\n}\n", at, snippet)
	if filepath.Base(program) == "nginx" {
		args = []string{"-e", "stderr", "-p", dir, "-c"}
		text = fmt.Sprintf("daemon off; master_process off; pid pid; error_log stderr;\nevents {}\nhttp {\n access_log off;\n"+
			" client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;\n"+
			" server {\n listen %s;\n%s\n}\n}\n", at, snippet)
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	proxy := exec.CommandContext(t.Context(), program, append(args, config)...)
	proxy.Env, proxy.Stdout, proxy.Stderr = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir), &said, &said
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = proxy.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = proxy.Process.Kill()
		<-ended
		if t.Failed() {
			t.Log(said.String())
		}
	})
	poll.Until(t, program+" to listen", func() bool {
		select {
		case <-ended:
			t.Fatalf("%s has ended", program)
		default:
		}
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", at)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return "http://" + at
}

// follow uses a server through a proxy: its pages and all that they load, WHIP, the WebSocket, HLS.
func follow(t *testing.T, base, prefix string) {
	t.Helper()
	home := base + prefix
	if prefix != "" {
		do(t, http.MethodGet, home, "").want(t, http.StatusOK) // after a redirect
	}
	crawl(t, base, prefix)

	c := newClient(t, webrtc.RTPTransceiverDirectionSendonly)
	created := do(t, http.MethodPost, home+"/whip/hall?name=Ada", c.offer(t, true, false), "Content-Type", typeSDP)
	created.want(t, http.StatusCreated)
	location := created.Header.Get("Location")
	if !strings.HasPrefix(location, prefix+"/whip/hall/") {
		t.Fatalf("Location: %q", location)
	}
	do(t, http.MethodDelete, base+location, "").want(t, http.StatusOK)

	//nolint:bodyclose // Dial has closed it
	conn, _, err := websocket.Dial(t.Context(), home+"/ws/hall?name=Eve", &websocket.DialOptions{
		HTTPHeader: http.Header{"Origin": {base}},
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.Read(t.Context()); err != nil {
		t.Error(err)
	}
	_ = conn.Close(websocket.StatusNormalClosure, "")

	type state struct{ Playlist, Watch string }
	on := read[state](t, do(t, http.MethodPut, home+"/api/v1/rooms/demo/broadcast", "", "Origin", base, "Authorization", operator))
	do(t, http.MethodGet, base+on.Watch, "").want(t, http.StatusOK)
	playlist(t, base+on.Playlist, do(t, http.MethodGet, base+on.Playlist, ""), 2)
}

// playlist takes the answer to a request for a playlist of HLS, and fetches what it names and names still, and so on to
// a depth.
func playlist(t *testing.T, at string, r reply, depth int) {
	t.Helper()
	r.want(t, http.StatusOK)
	if depth == 0 {
		return
	}
	gap := false
	for line := range strings.Lines(r.body) {
		line = strings.TrimSpace(line)
		gap = gap || line == "#EXT-X-GAP"
		if line == "" || line[0] == '#' {
			continue
		}
		name := resolve(t, at, line)
		if gap {
			gap = false
			continue
		}
		named := do(t, http.MethodGet, name, "")
		over := depth == 1 && named.StatusCode == http.StatusNotFound && !strings.Contains(do(t, http.MethodGet, at, "").body, line)
		if !over {
			playlist(t, name, named, depth-1)
		}
	}
}

// references finds the addresses in a page, and in a module: what it imports, and what it
// fetches at an address that is not computed.
var references = map[string]*regexp.Regexp{
	"text/html": regexp.MustCompile(`(?:href|src)="([^"]+)"`),
	"text/java": regexp.MustCompile(`(?:from|import|import\() ?'(\.[^']+)'|\bat\(['` + "`" + `](/[\w./-]*)['` + "`" + `]\)`),
}

// crawl fetches the pages of a server and all that they name, once each. Everything must be there
// and lie under the prefix.
func crawl(t *testing.T, base, prefix string) {
	t.Helper()
	queue := []string{base + prefix + "/", base + prefix + "/r/hall", base + prefix + "/watch/hall", base + prefix + "/docs/", base + prefix + "/sdk.js"}
	for _, module := range []string{"join", "call", "watch"} { // what the pages load is made of these
		queue = append(queue, base+prefix+"/static/"+module+".js")
	}
	seen := map[string]bool{}
	for len(queue) > 0 {
		at, _, _ := strings.Cut(queue[0], "#")
		queue = queue[1:]
		if seen[at] || !strings.HasPrefix(at, base+"/") {
			continue
		}
		seen[at] = true
		if !strings.HasPrefix(at, base+prefix+"/") {
			t.Errorf("%s is outside %s", at, prefix)
		}
		r := do(t, http.MethodGet, at, "")
		r.want(t, http.StatusOK)
		kind := r.Header.Get("Content-Type")
		pattern := references[kind[:min(9, len(kind))]]
		if pattern == nil || strings.Contains(at, "/vendor/") {
			continue
		}
		for _, m := range pattern.FindAllStringSubmatch(r.body, -1) {
			if len(m) == 3 && m[2] != "" {
				m[1] = ".." + m[2] // as at in dom.js does
			}
			queue = append(queue, resolve(t, at, m[1]))
		}
	}
	if len(seen) < 40 {
		t.Errorf("%d addresses only: the patterns see too little", len(seen))
	}
}

// resolve returns the address that a reference in a page has.
func resolve(t *testing.T, page, ref string) string {
	t.Helper()
	u, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	if u, err = u.Parse(ref); err != nil {
		t.Fatal(err)
	}
	return u.String()
}
