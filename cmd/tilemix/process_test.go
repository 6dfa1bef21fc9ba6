package main

import (
	"bufio"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestProcess starts the real program, asks it and ends it as a supervisor would.
func TestProcess(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			command := exec.CommandContext(t.Context(), "tilemix", "serve", "--listen", "127.0.0.1:0")
			var log strings.Builder
			command.Stderr = &log
			stdout, err := command.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
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
			if len(more) > 0 {
				t.Errorf("more on stdout: %s", more)
			}
		})
	}
}
