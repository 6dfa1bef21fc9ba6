package main

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// fewInputs is how many inputs a fuzz target has at least, so that each run of its test tries some that
// are hostile.
const fewInputs = 2

// TestCorpus finds the inputs of each fuzz target beside it.
func TestCorpus(t *testing.T) {
	target := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	tree, found := os.DirFS(root), 0
	err := fs.WalkDir(tree, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(tree, file)
		if err != nil {
			return err
		}
		for _, m := range target.FindAllSubmatch(text, -1) {
			found++
			folder := path.Join(path.Dir(file), "testdata/fuzz", string(m[1]))
			if inputs, _ := fs.ReadDir(tree, folder); len(inputs) < fewInputs {
				t.Errorf("%s has %d inputs, want %d (make corpus finds some)", folder, len(inputs), fewInputs)
			}
		}
		return nil
	})
	if err != nil || found < 10 {
		t.Errorf("%d fuzz targets: %v", found, err)
	}
}
