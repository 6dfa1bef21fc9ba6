package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// ratchet is a table of known faults, one a line: RULE KEY SIZE. It may only shrink. A fault
// that is new or larger than the table allows fails the test; an entry whose fault is gone
// fails TestRatchet, and -update takes it out.
type ratchet struct {
	file    string
	allowed map[string]int
	seen    map[string]int
}

func newRatchet(t *testing.T, name string) *ratchet {
	t.Helper()
	r := &ratchet{filepath.Join("testdata", name), map[string]int{}, map[string]int{}}
	text, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || strings.HasPrefix(line, "#") {
			continue
		}
		if r.allowed[fields[0]+" "+fields[1]], err = strconv.Atoi(fields[2]); err != nil {
			t.Fatalf("%s: %s: %v", r.file, line, err)
		}
	}
	return r
}

// see tells of a fault and returns whether the table allows it.
func (r *ratchet) see(rule, key string, size int) bool {
	r.seen[rule+" "+key] = size
	return size <= r.allowed[rule+" "+key]
}

// stale returns the entries that allow more than there is.
func (r *ratchet) stale() (entries []string) {
	for _, key := range sortedKeys(r.allowed) {
		if r.seen[key] < r.allowed[key] {
			entries = append(entries, fmt.Sprintf("%s %d, which is %d now", key, r.allowed[key], r.seen[key]))
		}
	}
	return entries
}

// tighten writes what is left of the table: no entry is added, and none grows.
func (r *ratchet) tighten(t *testing.T) {
	t.Helper()
	text := "# Known faults: RULE KEY SIZE. This table may only shrink.\n"
	for _, key := range sortedKeys(r.allowed) {
		if size := min(r.allowed[key], r.seen[key]); size > 0 {
			text += fmt.Sprintf("%s %d\n", key, size)
		}
	}
	if err := os.WriteFile(r.file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestRatchet takes entries out of the tables of known faults, or wants it done.
func TestRatchet(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine reads files, which the race detector slows down for nothing")
	}
	structural, written := newRatchet(t, "structure.known"), newRatchet(t, "prose.known")
	structureFaults(t, readTree(t), structural)
	proseFaults(t, written)
	for _, r := range []*ratchet{structural, written} {
		if *update {
			r.tighten(t)
			continue
		}
		for _, entry := range r.stale() {
			t.Errorf("%s allows %s; go test ./cmd/tilemix -run TestRatchet -update takes it out", r.file, entry)
		}
	}
}
