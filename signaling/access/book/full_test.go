package book_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tilemix/codec/codectest"
	"tilemix/signaling/access/book"
)

// TestDiskFull fills the disk under a room's file. A change is refused and the log says why. What was kept
// before stays, in memory, on disk and for the next server, and no half file is left. With space, changes are kept
// again.
func TestDiskFull(t *testing.T) {
	dir := codectest.SmallDisk(t, "64")
	s := open(t, filepath.Join(dir, "rooms"))
	for _, change := range []func(*book.Book) error{invites("a"), bans("eve")} {
		if _, err := s.Update("demo", "", change); err != nil {
			t.Fatal(err)
		}
	}
	free := codectest.Fill(t, dir)
	for room, change := range map[string]string{"demo": "mallory", "other": "trent"} {
		if _, err := s.Update(room, "", func(b *book.Book) error {
			b.Rules = []byte(`{"title":"` + strings.Repeat("x", 5000) + `"}`)
			return bans(change)(b)
		}); !trouble(err) {
			t.Errorf("%s: a change on a full disk: %v", room, err)
		}
	}
	if log := s.log.String(); strings.Count(log, "room file not written") != 2 || !strings.Contains(log, "no space left on device") {
		t.Errorf("the log: %s", log)
	}
	for what, shelf := range map[string]shelf{"this": s, "the next": open(t, s.dir)} {
		if b, err := shelf.View("demo"); err != nil || len(b.Bans) != 1 || b.Bans[0].ID != "eve" || b.Rules != nil {
			t.Errorf("%s server has %d bans, %d bytes of rules, %v", what, len(b.Bans), len(b.Rules), err)
		}
	}
	if left, err := os.ReadDir(s.dir); err != nil || len(left) != 1 {
		t.Errorf("the folder has %v, %v", left, err)
	}
	free()
	if b, err := s.Update("demo", "", bans("mallory")); err != nil || len(b.Bans) != 2 {
		t.Errorf("with space again: %d bans, %v", len(b.Bans), err)
	}
}
