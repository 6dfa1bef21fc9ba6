package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"tilemix/cmd/tilemix/internal/prose"
)

// TestProse holds documents, comments and messages to two rules: no gendered pronoun, and no
// sentence that begins with Who, Whoever or Whose. It counts by top-level folder, tests
// apart, but for what testdata/prose.known knows. With -v it prints each fault.
func TestProse(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine reads files, which the race detector slows down for nothing")
	}
	known := newRatchet(t, "prose.known")
	all := proseFaults(t, known)
	for key, faults := range all {
		t.Logf("%s: %d faults\n%s", key, len(faults), strings.Join(faults, "\n"))
		if len(faults) > known.allowed["prose "+key] {
			t.Errorf("%s: %d sentences with he, his, she … or that begin with Who, Whoever, Whose; %d are known: name the actor",
				key, len(faults), known.allowed["prose "+key])
		}
	}
}

// proseFaults reads all texts of the repository. The faults are by top-level folder, and by
// that folder and "_test" for those of tests.
func proseFaults(t *testing.T, known *ratchet) map[string][]string {
	t.Helper()
	tree := os.DirFS(root)
	all := map[string][]string{}
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name == ".git" || name == "bin" || name == "data" || d.Name() == "node_modules" || d.Name() == "vendor" {
				return fs.SkipDir
			}
			return nil
		}
		found, err := textFaults(tree, name)
		key, _, _ := strings.Cut(name, "/")
		if strings.HasSuffix(name, "_test.go") {
			key += "_test"
		}
		for _, f := range found {
			all[key] = append(all[key], fmt.Sprintf("%s:%d: %s", name, f.Line, f.Text))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for key, faults := range all {
		known.see("prose", key, len(faults))
	}
	return all
}

func textFaults(tree fs.FS, name string) ([]prose.Fault, error) {
	if strings.Contains(name, "internal/prose/") || path.Base(name) == "prose_test.go" || strings.Contains(name, ".es2019.") || strings.Contains(name, ".min.") {
		return nil, nil // they name what is not allowed, or are built
	}
	ext := path.Ext(name)
	switch ext {
	case ".md", ".go", ".html", ".js", ".css", ".py", ".sh", ".yml":
	default:
		if name != "Makefile" && name != ".ci/run" {
			return nil, nil
		}
	}
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	switch ext {
	case ".md":
		return prose.Markdown(string(text)), nil
	case ".go":
		return prose.Go(name, text)
	default:
		return prose.Plain(string(text)), nil
	}
}
