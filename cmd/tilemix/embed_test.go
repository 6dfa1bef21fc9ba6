package main

import (
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"tilemix/codec/h264"
)

// TestOtherSites starts the program with what pages of other sites may do, and with a rate of the API.
func TestOtherSites(t *testing.T) {
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	made, err := exec.CommandContext(t.Context(), "tilemix", "key", "add", "ops", "--data-dir", dir, "--scope", "rooms:read").Output()
	if err != nil {
		t.Fatal(err)
	}
	const frame, player, foreign = "https://frame.example", "https://player.example", "https://foreign.example"
	url, _ := serveProcess(t, "--data-dir", dir, "--embed-origin", frame, "--embed-origin", frame+":8443",
		"--allow-origin", player, "--api-rate", "1")
	get := func(method, path string, header ...string) answered {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, url+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		return answered{status: answer.StatusCode, header: answer.Header}
	}
	for _, path := range []string{"/", "/r/demo", "/watch/demo"} {
		policy := get(http.MethodGet, path).header.Get("Content-Security-Policy")
		if want := "frame-ancestors 'self' " + frame + " " + frame + ":8443"; !strings.HasSuffix(policy, want) {
			t.Errorf("%s has the policy %q, want %q", path, policy, want)
		}
	}
	for origin, want := range map[string]string{player: player, frame: "", foreign: ""} {
		for _, path := range []string{"/whip/demo", "/whep/demo", "/hls/demo/index.m3u8"} {
			if got := get(http.MethodOptions, path, "Origin", origin).header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s: a page of %s is answered %q", path, origin, got)
			}
		}
		changes := get(http.MethodPut, "/api/v1/rooms/demo/lock", "Origin", origin, "Authorization", "Bearer "+strings.TrimSpace(string(made)))
		if changes.status != http.StatusForbidden {
			t.Errorf("a page of %s changes a room: %d", origin, changes.status)
		}
	}
	for n := range 100 { // each second one more may come
		answer := get(http.MethodGet, "/api/v1/rooms", "Authorization", "Bearer "+strings.TrimSpace(string(made)))
		if answer.status == http.StatusTooManyRequests {
			if answer.header.Get("Retry-After") == "" {
				t.Error("a key that asks too often is not told when to come again")
			}
			return
		}
		if answer.status != http.StatusOK {
			t.Fatalf("request %d is answered %d", n, answer.status)
		}
	}
	t.Error("a key may ask as often as it likes")
}
