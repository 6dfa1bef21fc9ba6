package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// notice matches the files of a module that say how it may be handed on.
var notice = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|unlicense)(\.(txt|md))?$`)

// TestLicences: the binary has the licence of each module that is in it. With -update the list is
// written anew.
func TestLicences(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}", ".")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	texts := make(map[string][]string) // the modules with each text
	for line := range strings.Lines(string(out)) {
		path, dir, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		text := licenceOf(t, path, dir)
		if !slices.Contains(texts[text], path) {
			texts[text] = append(texts[text], path)
		}
	}
	var want bytes.Buffer
	fmt.Fprintln(&want, "tilemix contains these modules under these licences.")
	for _, text := range slices.SortedFunc(maps.Keys(texts), func(a, b string) int { return slices.Compare(texts[a], texts[b]) }) {
		fmt.Fprintf(&want, "\n%s\n\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(texts[text], "\n"), text)
	}
	if *update {
		if err := os.WriteFile("licences.txt", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if notices != want.String() {
		t.Error("licences.txt is not what the modules say: go test ./cmd/tilemix -run TestLicences -update")
	}
}

// licenceOf returns what a module's notices say.
func licenceOf(t *testing.T, path, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		if e.IsDir() || !notice.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")))
	}
	if all == nil {
		t.Errorf("module %s has no licence", path)
	}
	return strings.Join(all, "\n\n")
}
