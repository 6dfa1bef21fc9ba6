package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"tilemix/cmd/tilemix/bench"
	"tilemix/codec/codectest"
)

// TestBenchURL measures a server that runs already, with cameras that film a file.
func TestBenchURL(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	clip := filepath.Join(t.TempDir(), "clip.mp4")
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=duration=1",
		"-pix_fmt", "yuv420p", clip).CombinedOutput(); err != nil {
		codectest.Lack(t, fmt.Sprintf("no clip without ffmpeg: %v %s", err, out))
	}
	server := exec.CommandContext(t.Context(), "tilemix", "serve", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir())
	stdout := started(t, server)
	defer func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(strings.TrimPrefix(line, "tilemix serves on "))
	file := filepath.Join(t.TempDir(), "report.json")
	out, err := exec.CommandContext(t.Context(), "tilemix", "bench", "--url", url, "--pid", strconv.Itoa(server.Process.Pid),
		"--clip", clip, "--scenario", "latency", "--participants", "2", "--duration", "2s", "--no-floor", "--json", file).CombinedOutput()
	if err != nil && !strings.Contains(string(out), "bars were not reached") && !strings.Contains(string(out), "not to be trusted") {
		t.Fatalf("%v\n%s", err, out)
	}
	var report struct {
		Clip    string
		Results []bench.Result
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := json.Unmarshal(data, &report); err != nil || len(report.Results) != 1 || report.Clip != clip {
		t.Fatalf("%v in %s", err, data)
	}
	r := report.Results[0]
	if r.FPSMin <= 0 || r.CPU <= 0 || r.Picture.Count == 0 || r.Sizes["932x524"] != 2 {
		t.Errorf("%+v", r)
	}
}

// TestBenchRefuses has bench say what is wrong before it does anything.
func TestBenchRefuses(t *testing.T) {
	self := strconv.Itoa(os.Getpid())
	for want, args := range map[string][]string{
		"belong together":            {"--url", "http://127.0.0.1:1"},
		"--url must be on":           {"--url", "http://192.0.2.1", "--pid", self},
		"--url http://127.0.0.1:1":   {"--url", "http://127.0.0.1:1", "--pid", self},
		"--pid 99999999":             {"--url", "http://127.0.0.1:1", "--pid", "99999999"},
		"none.mp4":                   {"--clip", "none.mp4", "--scenario", "idle"},
		"there is no scenario \"a\"": {"--scenario", "a"},
	} {
		out, err := exec.CommandContext(t.Context(), "tilemix", append([]string{"bench"}, args...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) || strings.Contains(string(out), "fps min") {
			t.Errorf("%v: %v, %s", args, err, out)
		}
	}
}
