package token_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/mcu/policy"
	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/token"
)

// TestGuide runs the examples of the guide in each language that this machine has, and verifies
// the tokens that they print.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile("../../../web/docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cfg := token.Default()
	cfg.Files = []string{write(t, filepath.Join(dir, "token.key"), []byte("kL1Qz0v8W+H2S/3xqk0bZb2m9Qm5m1r0V5c7y8wE0dM=\n"))}
	v, _ := open(t, cfg)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for language, run := range map[string]struct {
		file, program string
		args          []string
		frame         string
	}{
		"php":    {"make.php", "php", nil, "%s"},
		"sh":     {"make.sh", "sh", nil, "%s"},
		"js":     {"make.js", "node", nil, "%s"},
		"python": {"make.py", "python3", nil, "%s"},
		"go": {"make.go", "go", []string{"run"}, "package main\n\nimport (\n\t\"bytes\"\n\t\"fmt\"\n\t\"os\"\n\t\"time\"\n\n\t\"github.com/golang-jwt/jwt/v5\"\n)\n\n" +
			"func main() {\n\t_ = os.Chdir(os.Args[1])\n%s}\n"},
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			code := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(guide)
			if code == nil {
				t.Fatal("the guide has no example")
			}
			if testing.Short() && language == "go" {
				t.Skip("compiles a program")
			}
			codectest.Program(t, run.program)
			file := write(t, filepath.Join(dir, run.file), fmt.Appendf(nil, run.frame, code[1]))
			command := exec.CommandContext(t.Context(), run.program, append(run.args, file, dir)...)
			command.Dir, command.Stderr = dir, os.Stderr
			if language == "go" {
				command.Dir = here // for its modules
			}
			out, err := command.Output()
			if err != nil {
				t.Fatal(err)
			}
			c, err := v.Verify(t.Context(), strings.TrimSpace(string(out)), "demo", time.Now())
			if err != nil || c.Grant.Identity != "ada" || c.Grant.Name != "Ada" || c.Grant.Role != policy.Host {
				t.Errorf("%s: %+v, %v", out, c, err)
			}
		})
	}
}

// TestGuideCodes holds the table of the guide to the list of codes.
func TestGuideCodes(t *testing.T) {
	guide, err := os.ReadFile("../../../web/docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(guide), "\n## Refusals\n")
	for _, code := range credential.Codes() {
		row := fmt.Sprintf("(?m)^\\| %d \\|.*`%s`", credential.Refuse(code, "").Status(), code)
		if !regexp.MustCompile(row).MatchString(table) {
			t.Errorf("the guide does not have %s with its status", code)
		}
	}
}
