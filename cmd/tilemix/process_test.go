package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"tilemix/cmd/tilemix/startup"
)

// TestProcess starts the real program, asks it and ends it as a supervisor would.
func TestProcess(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			command := exec.CommandContext(t.Context(), "tilemix", "serve", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir())
			var log strings.Builder
			command.Stderr = &log
			stdout := started(t, command)
			lines := bufio.NewReader(stdout)
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatalf("no line on stdout: %v, on stderr: %s", err, log.String())
			}
			url, found := strings.CutPrefix(strings.TrimSpace(line), "tilemix serves on ")
			if !found || !strings.HasPrefix(url, "http://127.0.0.1:") || strings.HasSuffix(url, ":0") {
				t.Errorf("first line is %q", line)
			}
			response, err := http.Get(url + "/healthz")
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				t.Errorf("/healthz: %s", response.Status)
			}
			if err := command.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			more, _ := io.ReadAll(lines)
			if err := command.Wait(); err != nil {
				t.Errorf("ended with %v, stderr: %s", err, log.String())
			}
			for _, part := range []string{"\n  web ", "\n  media ", "\n  metrics  " + url, "\n  data     /"} {
				if !strings.Contains(string(more), part) {
					t.Errorf("the start says nothing of %q:\n%s", part, more)
				}
			}
			if !strings.Contains(log.String(), "the server stops") || !strings.Contains(log.String(), signal.String()) {
				t.Errorf("the log has no word of the end by %v: %s", signal, log.String())
			}
		})
	}
}

// TestStartInJSON: with a log in JSON, what the server says as it starts is JSON too, and names the
// folder that cannot be written.
func TestStartInJSON(t *testing.T) {
	command := exec.CommandContext(t.Context(), "tilemix", "serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--data-dir", "/proc/none")
	var log strings.Builder
	command.Stderr = &log
	stdout := started(t, command)
	var banner startup.Banner
	if err := json.NewDecoder(stdout).Decode(&banner); err != nil {
		t.Fatalf("%v, on stderr: %s", err, log.String())
	}
	if banner.Data != "/proc/none" || len(banner.Media) == 0 || !strings.Contains(strings.Join(banner.Hints, "\n"), "--data-dir") {
		t.Errorf("got %+v", banner)
	}
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	if !strings.Contains(log.String(), `"msg":"the data folder cannot be written`) {
		t.Errorf("the log: %s", log.String())
	}
}
