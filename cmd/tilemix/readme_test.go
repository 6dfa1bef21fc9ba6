package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeSettings holds the README's table to what --help says.
func TestReadmeSettings(t *testing.T) {
	const begin, end = "-update -->\n", "<!-- end of settings -->"
	file := filepath.Join(root, "README.md")
	readme, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(readme), begin)
	table, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the settings between %q and %q", file, begin, end)
	}
	want := settingsTable(t)
	if table == want {
		return
	}
	if !*update {
		t.Fatalf("the settings in %s are not those of the program; go test ./cmd/tilemix -update writes them:\n%s", file, want)
	}
	if err := os.WriteFile(file, []byte(head+begin+want+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

func settingsTable(t *testing.T) string {
	t.Helper()
	parser, err := newParser(new(commands))
	if err != nil {
		t.Fatal(err)
	}
	table := "| flag | default | what |\n|---|---|---|\n"
	for _, command := range parser.Model.Children {
		if command.Name != "serve" {
			continue
		}
		for _, flag := range command.Flags {
			value := flag.Default
			if value != "" {
				value = "`" + value + "`"
			}
			table += fmt.Sprintf("| `--%s` | %s | %s |\n", flag.Name, value, flag.Help)
		}
	}
	return table
}
