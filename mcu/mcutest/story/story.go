// Package story runs tests that are written as stories. A story is a text file. A line that is
// not indented happens; the indented lines below it say what comes of it.
package story

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const indent = "    "

// Test tells each story of testdata/*.txt anew, and fails where it goes differently. begin starts
// a story and returns what plays one line and writes what comes of it, indented. With update the
// files are written instead.
func Test(t *testing.T, update bool, begin func(t *testing.T) (play func(w io.Writer, line string))) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no stories", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			was, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			told := tell(string(was), begin(t))
			if update {
				if err := os.WriteFile(file, told, 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Equal(told, was) {
				t.Errorf("it goes differently (-update accepts that):\n%s", told)
			}
		})
	}
}

// tell plays the lines of a story that are no comments, and returns it as it goes now.
func tell(story string, play func(w io.Writer, line string)) []byte {
	var b bytes.Buffer
	for line := range strings.Lines(story) {
		if strings.HasPrefix(line, indent) {
			continue // what was told before
		}
		line = strings.TrimSuffix(line, "\n")
		fmt.Fprintln(&b, line)
		if line != "" && !strings.HasPrefix(line, "#") {
			play(&b, line)
		}
	}
	return b.Bytes()
}

// At splits a line in the time since the story's start, as "1.5s", and what happens then.
func At(t *testing.T, line string) (after time.Duration, what string) {
	t.Helper()
	when, what, _ := strings.Cut(line, " ")
	after, err := time.ParseDuration(when)
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return after, what
}
