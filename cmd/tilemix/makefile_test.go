package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLeftOut: what the race detector's pass leaves out runs in the second pass by the test's name, so
// a helper must not leave anything out.
func TestLeftOut(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`(?m)^LEFT_OUT := (.*)$`).FindSubmatch(makefile)
	if named == nil {
		t.Fatal("the Makefile has no LEFT_OUT")
	}
	leftOut, tests := regexp.MustCompile(string(named[1])), 0
	for _, root := range []string{"../../cmd", "../../mcu", "../../signaling"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			whole := strings.Contains(path, "browsertest") || strings.HasSuffix(path, "makefile_test.go")
			if err != nil || !strings.HasSuffix(path, "_test.go") || whole {
				return err
			}
			text, err := os.ReadFile(path)
			function := ""
			for line := range strings.Lines(string(text)) {
				if rest, begins := strings.CutPrefix(line, "func "); begins {
					function, _, _ = strings.Cut(rest, "(")
				}
				if line == "}\n" {
					function = ""
				}
				if function == "" || !leftOut.MatchString(line) {
					continue
				}
				if tests++; !strings.HasPrefix(function, "Test") {
					t.Errorf("%s: %q leaves tests out: have the test itself do it", path, function)
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	if tests < 20 {
		t.Errorf("only %d tests name what they leave out", tests)
	}
}
