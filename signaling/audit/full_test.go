package audit_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"tilemix/codec/codectest"
	"tilemix/signaling/audit"
)

// TestDiskFull fills the disk under the audit log. What was written stays whole, lost entries are counted, and the
// log says it once. With space, entries are written again, on lines of their own.
func TestDiskFull(t *testing.T) {
	cfg := config(t)
	dir := codectest.SmallDisk(t, "64")
	cfg.Path = filepath.Join(dir, "audit.jsonl")
	var said bytes.Buffer
	l := audit.New(cfg, slog.New(slog.NewTextHandler(&said, nil)))
	l.Note(audit.Entry{Action: "first"})
	drain(t, l)
	free := codectest.Fill(t, dir)
	const many = 40 // more than the rest of a block
	for range many {
		l.Note(audit.Entry{Action: "lost", Who: strings.Repeat("x", 200)})
	}
	drain(t, l)
	lost := dropped(t, l)
	if lost == 0 || strings.Count(said.String(), "no space left on device") != 1 {
		t.Errorf("%v are lost, the log: %s", lost, &said)
	}
	free()
	l.Note(audit.Entry{Action: "last"})
	drain(t, l)
	all := entries(t, cfg.Path)
	if len(all) != 2+many-int(lost) || all[0].Action != "first" || all[len(all)-1].Action != "last" {
		t.Errorf("%v were lost, the file has %d entries: %+v", lost, len(all), all)
	}
}
