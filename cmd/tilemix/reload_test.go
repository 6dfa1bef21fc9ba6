package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"tilemix/codec/h264"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
)

// TestReload changes the settings of a server that runs: what can change does, the rest is named, and
// a file with a mistake changes nothing.
func TestReload(t *testing.T) {
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, data := filepath.Join(dir, "tilemix.yaml"), filepath.Join(dir, "data")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("log-level: info\ndrain-timeout: 1h\n")
	command := exec.CommandContext(t.Context(), "tilemix", "serve", "--listen", "127.0.0.1:0", "--data-dir", data, "--config", file)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log := new(mcutest.Log)
	command.Stderr = log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimPrefix(strings.TrimSpace(line), "tilemix serves on ")
	read := 0 // of the log
	says := func(wanted ...string) {
		t.Helper()
		poll.Until(t, fmt.Sprintf("the log to say %q", wanted), func() bool {
			end := read
			for line := range strings.Lines(log.String()[read:]) {
				end += len(line)
				if strings.HasSuffix(line, "\n") && !slices.ContainsFunc(wanted, func(w string) bool { return !strings.Contains(line, w) }) {
					read = end
					return true
				}
			}
			return false
		})
	}
	reload := func(good bool, answer string) {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "tilemix", "reload", "--data-dir", data).CombinedOutput()
		if good != (err == nil) || !strings.Contains(string(out), answer) {
			t.Fatalf("%v: %s, not %q", err, out, answer)
		}
	}

	reload(true, "None has changed.")
	write("drain-timeout: 1h\nlog-level: debug\n")
	reload(true, "Changed: --log-level.")
	says("settings read again", "log_level=debug")
	ask(t, "GET", url+"/livez", "", "", 200)
	says("level=DEBUG", "route=/livez")

	write("drain-timeout: 1h\nlog-level: debug\nmax-rooms: many\n")
	reload(false, "the settings stay as they were: "+file+":3:1: max-rooms")
	says("the settings stay as they were", "tilemix.yaml:3:1: max-rooms")
	ask(t, "GET", url+"/livez", "", "", 200)
	says("level=DEBUG", "route=/livez")

	write("drain-timeout: 1h\nlog-level: debug\nwebhook: [http://127.0.0.1:1/]\n")
	reload(false, "--webhook-secret") // what one part refuses no part takes over

	write("drain-timeout: 1h\nlog-level: debug\nturn: true\nlayout: speaker\nhost: a.example\n")
	reload(true, "Changed for rooms that begin from now on: --layout.\n"+
		"Changed in the settings, and in need of a restart: --host, --turn.") // with a name media is received elsewhere
	says("need a restart", "--host --turn")

	film(t, url)
	poll.Until(t, "Ada in the room", func() bool { // an empty server has nothing to drain
		response, err := http.Get(url + "/api/v1/rooms/demo/participants")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return err == nil && strings.Contains(string(body), `"Ada"`)
	})
	send(t, command.Process, syscall.SIGTERM)
	ends := drains(t, url)
	write("log-level: info\nmax-rooms: 5\ndrain-timeout: 1s\n")
	reload(true, "Changed: --drain-timeout, --log-level, --max-rooms.")
	if now := drains(t, url); now != ends || ends == "" { // the drain that runs goes on, with its end
		t.Errorf("the server says that it stops at %s, and said %s before", now, ends)
	}
	send(t, command.Process, syscall.SIGTERM) // at once
	if err := command.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
	if _, err := os.Stat(filepath.Join(data, answerFile)); err == nil {
		t.Error("the answer stays")
	}
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
	_, first, err := parseSettings([]string{"serve", "--max-rooms", "7", "--webhook-secret", "one"})
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := parseSettings([]string{"serve", "--webhook-secret", "two", "--ice-server", "stun:a"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := changed(valuesOf(first), valuesOf(second)), []string{"ice-server", "max-rooms", "webhook-secret"}; !slices.Equal(got, want) {
		t.Errorf("changed: %v, want %v", got, want)
	}
}
