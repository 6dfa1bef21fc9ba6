package startup_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"tilemix/cmd/tilemix/startup"
)

func banner() startup.Banner {
	return startup.Banner{
		URL: "http://localhost:8080", Build: startup.Build{Version: "v1.2.3", Commit: "0123456789ab", Changed: true, Go: "go1.26"},
		Listen: "[::]:8080", TLS: "off", Data: "/var/lib/tilemix",
		Media: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:4000"), netip.MustParseAddrPort("[2001:db8::1]:4000")},
		TURN:  3478, Public: []netip.Addr{netip.MustParseAddr("203.0.113.1")}, Hints: []string{"Cameras work on this machine only."},
	}
}

// TestBannerText names every port, folder and address.
func TestBannerText(t *testing.T) {
	var out strings.Builder
	if err := banner().WriteText(&out); err != nil {
		t.Fatal(err)
	}
	const want = `  version    v1.2.3 commit 0123456789ab with changes go1.26
  web        [::]:8080 TCP, TLS off
  media      port 4000 UDP and TCP at 192.0.2.1, 2001:db8::1
  TURN       port 3478 UDP and TCP
  public IP  203.0.113.1
  metrics    http://localhost:8080/metrics
  data       /var/lib/tilemix
  Cameras work on this machine only.
`
	if out.String() != want {
		t.Errorf("got\n%s, want\n%s", out.String(), want)
	}
}

// TestBannerJSON is one line of JSON with the same.
func TestBannerJSON(t *testing.T) {
	var out strings.Builder
	if err := banner().WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Msg      string
		Media    []string
		TURNPort int
		DataDir  string
		Build    struct{ Commit string }
	}
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("%v: %s", err, out.String())
	}
	if got.Msg != "tilemix serves" || len(got.Media) != 2 || got.TURNPort != 3478 || got.DataDir == "" || got.Build.Commit == "" {
		t.Errorf("got %+v", got)
	}
}

// TestThis: the build of a test names at least its toolchain.
func TestThis(t *testing.T) {
	if b := startup.This(); b.Version == "" || !strings.HasPrefix(b.Go, "go") {
		t.Errorf("got %+v", b)
	}
}
