package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documents are those outside web/docs, and the most lines that each may have.
var documents = map[string]int{"README.md": 120, "ARCHITECTURE.md": 150, ".github/CONTRIBUTING.md": 150}

// TestReadmeLength keeps documents as short as their readers want them.
func TestReadmeLength(t *testing.T) {
	for name, most := range documents {
		if n := strings.Count(document(t, name), "\n"); n > most {
			t.Errorf("%s has %d lines, at most %d are wanted", name, n, most)
		}
	}
}

// TestReadmeLinks follows each link of the documents to a file and a heading that are there.
func TestReadmeLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for name := range documents {
		for _, m := range link.FindAllStringSubmatch(document(t, name), -1) {
			file, fragment, _ := strings.Cut(m[1], "#")
			if strings.Contains(m[1], "://") || file == "" {
				continue
			}
			at := filepath.Join(root, filepath.Dir(name), file)
			if _, err := os.Stat(at); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			} else if fragment != "" && !hasHeading(t, at, fragment) {
				t.Errorf("%s links to %s, which has no such heading", name, m[1])
			}
		}
	}
}

// hasHeading tells whether a heading of a document has that fragment on a forge.
func hasHeading(t *testing.T, file, fragment string) bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(text), -1) {
		title := regexp.MustCompile(`[^\w -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		if strings.ReplaceAll(title, " ", "-") == fragment {
			return true
		}
	}
	return false
}

// TestReadmeTests holds the README to the sentence that names the command of the tests.
func TestReadmeTests(t *testing.T) {
	if !strings.Contains(document(t, "README.md"), "    make test\n") {
		t.Error("the README does not say how to run the tests: make test")
	}
}

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
