package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestReload changes the settings of a server that runs: what can change does, the rest is named, and
// a file with a mistake changes nothing.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	file, data := filepath.Join(dir, "tilemix.yaml"), filepath.Join(dir, "data")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("log-level: info\n")
	command := exec.CommandContext(t.Context(), "tilemix", "serve", "--listen", "127.0.0.1:0", "--data-dir", data, "--config", file)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimPrefix(strings.TrimSpace(line), "tilemix serves on ")
	log := bufio.NewScanner(stderr)
	says := func(wanted ...string) {
		t.Helper()
		timer := time.AfterFunc(10*time.Second, func() { _ = command.Process.Kill() })
		defer timer.Stop()
		for log.Scan() {
			if !slices.ContainsFunc(wanted, func(w string) bool { return !strings.Contains(log.Text(), w) }) {
				return
			}
		}
		t.Fatalf("the log never says %q", wanted)
	}
	reload := func() {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), "tilemix", "reload", "--data-dir", data).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}

	write("log-level: debug\n")
	reload()
	says("settings read again", "log_level=debug")
	ask(t, "GET", url+"/livez", "", "", 200)
	says("level=DEBUG", "route=/livez")

	write("log-level: debug\nmax-rooms: many\n")
	reload()
	says("the settings stay as they were", "tilemix.yaml:2:1: max-rooms")
	ask(t, "GET", url+"/livez", "", "", 200)
	says("level=DEBUG", "route=/livez")

	write("log-level: debug\nmax-rooms: 5\n")
	reload()
	says("need a restart", "--max-rooms")
}

// TestReloadNobody: without a server there is an error that says so.
func TestReloadNobody(t *testing.T) {
	for _, text := range []string{"", "no number", "1", "999999999"} {
		dir := t.TempDir()
		if text != "" {
			if err := os.WriteFile(filepath.Join(dir, pidFile), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := (&reloadCommand{DataDir: dir}).Run(nil); err == nil {
			t.Errorf("with the process %q there is no error", text)
		}
	}
}

// TestChanged names the flags whose values differ.
func TestChanged(t *testing.T) {
	_, was, err := parseSettings([]string{"serve", "--max-rooms", "7", "--webhook-secret", "one"})
	if err != nil {
		t.Fatal(err)
	}
	_, now, err := parseSettings([]string{"serve", "--webhook-secret", "two", "--ice-server", "stun:a"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := changed(was, now), []string{"ice-server", "max-rooms", "webhook-secret"}; !slices.Equal(got, want) {
		t.Errorf("changed: %v, want %v", got, want)
	}
}
