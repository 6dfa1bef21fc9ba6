package signaling_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"tilemix/signaling"
)

// TestAway has clients that are on this machine, and others. Only the former are offered loopback
// candidates.
func TestAway(t *testing.T) {
	srv := newServer(t)
	trusting := signaling.Default()
	trusting.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	distrusts, trusts := serve(t, srv, signaling.Default()), serve(t, srv, trusting)
	for _, test := range []struct {
		name, url string
		header    []string
		local     bool
	}{
		{"direct", distrusts, nil, true},
		{"through a proxy", distrusts, []string{"X-Forwarded-For", "127.0.0.1"}, false},
		{"through a proxy that says its name only", distrusts, []string{"Via", "1.1 cache"}, false},
		{"through a trusted proxy", trusts, []string{"X-Forwarded-For", "192.0.2.7"}, false},
		{"from this machine through a trusted proxy", trusts, []string{"X-Forwarded-For", "127.0.0.1"}, true},
		{"from this machine by IPv6", trusts, []string{"X-Forwarded-For", "::1"}, true},
		{"claims to be on this machine", trusts, []string{"X-Forwarded-For", "127.0.0.1, 192.0.2.7"}, false},
		{"through two trusted proxies", trusts, []string{"X-Forwarded-For", "192.0.2.7, 127.0.0.2"}, false},
		{"through a trusted proxy that does not say", trusts, nil, false},
		{"of no address", trusts, []string{"X-Forwarded-For", "unknown"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newClient(t, webrtc.RTPTransceiverDirectionSendonly)
			header := append([]string{"Content-Type", typeSDP}, test.header...)
			created := do(t, http.MethodPost, test.url+"/whip/hall?name=Ada", c.offer(t, true, false), header...)
			created.want(t, http.StatusCreated)
			if got := strings.Contains(created.body, " 127.0.0.1 "); got != test.local {
				t.Errorf("loopback candidate: %t, want %t\n%s", got, test.local, created.body)
			}
			do(t, http.MethodDelete, test.url+created.Header.Get("Location"), "").want(t, http.StatusOK)
		})
	}
}

// TestWhence: the log names the client that a trusted proxy names, and the proxy where it is not trusted.
func TestWhence(t *testing.T) {
	srv := newServer(t)
	trusting := signaling.Default()
	trusting.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	for cfg, want := range map[*signaling.Config]string{&trusting: "from=192.0.2.7\n", new(signaling.Default()): "from=127.0.0.1:"} {
		var said bytes.Buffer
		url := serveLogged(t, srv, *cfg, slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug})))
		do(t, http.MethodGet, url+"/healthz", "", "X-Forwarded-For", "192.0.2.7").want(t, http.StatusOK)
		if !strings.Contains(said.String(), want) {
			t.Errorf("the log does not have %q: %s", want, &said)
		}
	}
}

// TestPrefix has a server under a path: by its setting, with a proxy that takes the path away and
// with one that does not, and by the header of a proxy.
func TestPrefix(t *testing.T) {
	srv := newServer(t)
	under := signaling.Default()
	under.Prefix = "/mix"
	under.Origins = []string{"*"}
	trusting := signaling.Default()
	trusting.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	trusting.Origins = []string{"*"}
	set, told, plain := serve(t, srv, under), serve(t, srv, trusting), serve(t, srv, open())
	for _, test := range []struct {
		name, url, path string
		header          []string
		prefix          string
	}{
		{"kept", set, "/mix", nil, "/mix"},
		{"taken away", set, "", nil, "/mix"},
		{"told", told, "", []string{"X-Forwarded-Prefix", "/a/b/"}, "/a/b"},
		{"told and kept", told, "/a", []string{"X-Forwarded-Prefix", "/a"}, "/a"},
		{"no path", told, "", []string{"X-Forwarded-Prefix", `//evil.example`}, ""},
		{"told by a stranger", plain, "", []string{"X-Forwarded-Prefix", "/a"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newClient(t, webrtc.RTPTransceiverDirectionSendonly)
			header := append([]string{"Content-Type", typeSDP}, test.header...)
			created := do(t, http.MethodPost, test.url+test.path+"/whip/hall?name=Ada", c.offer(t, true, false), header...)
			created.want(t, http.StatusCreated)
			if got := created.Header.Get("Access-Control-Allow-Origin"); got != "*" {
				t.Errorf("Access-Control-Allow-Origin: %q", got)
			}
			session, ok := strings.CutPrefix(created.Header.Get("Location"), test.prefix)
			if !ok || !strings.HasPrefix(session, "/whip/hall/") {
				t.Fatalf("Location: %q", created.Header.Get("Location"))
			}
			do(t, http.MethodDelete, test.url+test.path+session, "", test.header...).want(t, http.StatusOK)
			do(t, http.MethodGet, test.url+test.path+"/docs/", "", test.header...).want(t, http.StatusOK)
		})
	}
	bare, err := http.NewRequestWithContext(t.Context(), http.MethodGet, set+"/mix", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(bare)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if got := answer.Header.Get("Location"); got != "/mix/" {
		t.Errorf("/mix: %s, Location %q", answer.Status, got)
	}
}

func TestCheckPrefix(t *testing.T) {
	for prefix, ok := range map[string]bool{
		"/mix": true, "/a/b": true, "/A-1_.~": true,
		"": false, "/": false, "mix": false, "/mix/": false, "//mix": false, "/a b": false, "/é": false,
		"/..": false, "/a/../b": false, "/whip": false, "/r/x": false, "/a%2f": false,
	} {
		if err := signaling.CheckPrefix(prefix); (err == nil) != ok {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}
