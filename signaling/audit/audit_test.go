package audit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/signaling/audit"
)

// config is of a log in a folder that does not exist yet.
func config(t *testing.T) audit.Config {
	t.Helper()
	cfg := audit.Default()
	cfg.Path = filepath.Join(t.TempDir(), "data", "audit.jsonl")
	return cfg
}

func newLog(cfg audit.Config) *audit.Log { return audit.New(cfg, slog.New(slog.DiscardHandler)) }

// drain writes what waits.
func drain(t *testing.T, l *audit.Log) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

// entries reads a file. A line that is no entry fails the test.
func entries(t *testing.T, path string) (all []audit.Entry) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var e audit.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, e)
	}
	return all
}

// dropped is how many entries were lost.
func dropped(t *testing.T, l *audit.Log) float64 {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(l.Collectors()...)
	all, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return all[0].GetMetric()[0].GetCounter().GetValue()
}

// TestLines writes entries, and goes on in the same file, which ended in half a line.
func TestLines(t *testing.T) {
	cfg := config(t)
	l := newLog(cfg)
	l.Note(audit.Entry{Room: "den", Action: "kick", Who: "Ada", By: "key:ops", Whom: "p1", Address: "192.0.2.7", Result: audit.Done})
	drain(t, l)
	f, err := os.OpenFile(cfg.Path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"time":"2026-`); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	l = newLog(cfg)
	l.Note(audit.Entry{Action: "connect", Result: audit.Refused, Code: "banned"})
	drain(t, l)
	data, err := os.ReadFile(cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(string(data)), "\n"); len(lines) != 3 ||
		!strings.Contains(lines[0], `"whom":"p1"`) || !strings.Contains(lines[2], `"code":"banned"`) || strings.Contains(lines[2], `"who"`) {
		t.Errorf("the file has %s", data)
	}
	if info, err := os.Stat(cfg.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestRotation writes more than the files may hold: the newest entries are there, none twice.
func TestRotation(t *testing.T) {
	cfg := config(t)
	cfg.MaxBytes, cfg.Files = 1000, 3
	l := newLog(cfg)
	for n := range 200 {
		l.Note(audit.Entry{Action: "kick", Whom: fmt.Sprint(n), Result: audit.Done})
	}
	drain(t, l)
	var all []audit.Entry
	for _, suffix := range []string{".2", ".1", ""} {
		if info, err := os.Stat(cfg.Path + suffix); err != nil || info.Size() > cfg.MaxBytes {
			t.Errorf("file %q: %v, %v", suffix, info, err)
		}
		all = append(all, entries(t, cfg.Path+suffix)...)
	}
	if _, err := os.Stat(cfg.Path + ".3"); !os.IsNotExist(err) {
		t.Errorf("a file too many: %v", err)
	}
	for n, e := range all {
		if want := fmt.Sprint(200 - len(all) + n); e.Whom != want {
			t.Fatalf("entry %d is of %s, want %s", n, e.Whom, want)
		}
	}
	if len(all) < 20 {
		t.Errorf("%d entries are kept", len(all))
	}
}

// TestFull notes more than the queue takes, while nobody writes: it does not wait, and counts.
func TestFull(t *testing.T) {
	cfg := config(t)
	cfg.Queue = 8
	l := newLog(cfg)
	for range 20 {
		l.Note(audit.Entry{Action: "kick", Result: audit.Done})
	}
	if n := dropped(t, l); n != 12 {
		t.Errorf("%v entries are dropped, want 12", n)
	}
	drain(t, l)
	if n := len(entries(t, cfg.Path)); n != 8 {
		t.Errorf("%d entries are written, want 8", n)
	}
}

// TestNoDisk has a path that cannot be written: each entry is counted.
func TestNoDisk(t *testing.T) {
	cfg := config(t)
	if err := os.WriteFile(filepath.Dir(cfg.Path), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l := newLog(cfg)
	for range 3 {
		l.Note(audit.Entry{Action: "kick", Result: audit.Done})
	}
	drain(t, l)
	if n := dropped(t, l); n != 3 {
		t.Errorf("%v entries are dropped, want 3", n)
	}
}
