package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/token"
)

// TestTokenGuide runs the command of the guide as it stands there. A server with the same key lets the
// user of the token in as a host.
func TestTokenGuide(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join(root, "web", "docs", "access.md"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^    tilemix (token --key .*)$`).FindSubmatch(guide)
	if line == nil {
		t.Fatal("the guide has no such command")
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("token.key", []byte("kL1Qz0v8W+H2S/3xqk0bZb2m9Qm5m1r0V5c7y8wE0dM=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var all commands
	var out bytes.Buffer
	parser, err := newParser(&all)
	if err != nil {
		t.Fatal(err)
	}
	parser.Stdout = &out
	chosen, err := parser.Parse(strings.Fields(string(line[1])))
	if err != nil {
		t.Fatal(err)
	}
	if err := chosen.Run(); err != nil {
		t.Fatal(err)
	}
	cfg := token.Default()
	cfg.Files = []string{"token.key"}
	v, err := token.Open(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSpace(out.String())
	c, err := v.Verify(t.Context(), text, "demo", time.Now())
	if err != nil || c.Grant.Identity != "ada" || c.Grant.Name != "Ada" || c.Grant.Role != policy.Host {
		t.Errorf("%s: %+v, %v", text, c, err)
	}
	if _, err := v.Verify(t.Context(), text, "other", time.Now()); err == nil {
		t.Error("it lets into another room")
	}
	if _, err := v.Verify(t.Context(), text, "demo", time.Now().Add(2*time.Hour)); err == nil {
		t.Error("it has no end")
	}
}
