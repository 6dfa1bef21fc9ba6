package startup_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/cmd/tilemix/startup"
)

// TestRows: each row is there only if there is something to say in it.
func TestRows(t *testing.T) {
	for line, change := range map[string]func(*startup.Banner){
		"media      no address yet":                               func(b *startup.Banner) { b.Media = nil },
		"media      port 1, 2 UDP and TCP at 192.0.2.1":           func(b *startup.Banner) { b.Media = sockets("192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:1") },
		"redirect   [::]:80 TCP":                                  func(b *startup.Banner) { b.Redirect = "[::]:80" },
		"metrics    http://127.0.0.1:9/metrics":                   func(b *startup.Banner) { b.Metrics = "127.0.0.1:9" },
		"profiles   127.0.0.1:9/debug/pprof/":                     func(b *startup.Banner) { b.Profiles = "127.0.0.1:9" },
		"settings   /etc/tilemix.yaml":                            func(b *startup.Banner) { b.Config = "/etc/tilemix.yaml" },
		"version    v1.2.3 go1.26":                                func(b *startup.Banner) { b.Build.Commit = "" },
		"version    v1.2.3 commit 0123456789ab 2026-01-02 go1.26": func(b *startup.Banner) { b.Build.Changed, b.Build.Time = false, "2026-01-02" },
	} {
		b := banner()
		name, _, _ := strings.Cut(line, " ")
		change(&b)
		var out strings.Builder
		if err := b.WriteText(&out); err != nil {
			t.Fatal(err)
		}
		var rows []string
		for row := range strings.Lines(out.String()) {
			if row = strings.TrimSpace(row); strings.HasPrefix(row, name+" ") {
				rows = append(rows, row)
			}
		}
		if len(rows) != 1 || rows[0] != line {
			t.Errorf("rows %q, want %q", rows, line)
		}
	}
}

func sockets(all ...string) (out []startup.Socket) {
	for _, one := range all {
		out = append(out, netip.MustParseAddrPort(one))
	}
	return out
}

// broken takes so many writes.
type broken int

func (b *broken) Write(p []byte) (int, error) {
	if *b--; *b < 0 {
		return 0, errors.New("broken pipe")
	}
	return len(p), nil
}

// TestBrokenOutput: an output that ends is an error, wherever it ends.
func TestBrokenOutput(t *testing.T) {
	whole := broken(1000)
	if err := banner().WriteText(&whole); err != nil {
		t.Fatal(err)
	}
	for n := range 1000 - int(whole) {
		part := broken(n)
		if err := banner().WriteText(&part); err == nil {
			t.Errorf("no error after %d writes", n)
		}
	}
}

// TestBuildMetric names the build in labels.
func TestBuildMetric(t *testing.T) {
	r := prometheus.NewPedanticRegistry()
	if err := r.Register(banner().Build.Collector()); err != nil {
		t.Fatal(err)
	}
	all, err := r.Gather()
	if err != nil || len(all) != 1 || all[0].GetName() != "tilemix_build_info" || all[0].GetMetric()[0].GetGauge().GetValue() != 1 {
		t.Fatalf("%v: %v", all, err)
	}
	if text := all[0].String(); !strings.Contains(text, "0123456789ab") || !strings.Contains(text, "v1.2.3") || !strings.Contains(text, "go1.26") {
		t.Error(text)
	}
}
