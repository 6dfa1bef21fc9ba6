package record

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tilemix/mcu/record/retention"
	"tilemix/mcu/record/sidecar"
)

// TestPrune has a folder with an old recording that has tracks, and a new one: a dry run deletes nothing, and
// then all files of the old one go, and no others.
func TestPrune(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	for _, i := range []sidecar.Info{
		{ID: "old", State: sidecar.Finished, Ended: now.Add(-48 * time.Hour), Participants: []sidecar.Person{{ID: "a", Tracks: []sidecar.Track{{File: "old-000-a-audio.mp4"}}}}},
		{ID: "new", State: sidecar.Finished, Ended: now.Add(-time.Hour)},
	} {
		if err := i.Save(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"old.mp4", "old-000-a-audio.mp4", "new.mp4", "older.mp4"} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, 1000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	left := func(dry bool) (names []string) {
		c := New(Config{Dir: dir, Ceilings: Ceilings{Keep: retention.Keeping{Age: 24 * time.Hour, DryRun: dry}}}, noRooms{}, slog.New(slog.DiscardHandler))
		if err := c.claim(); err != nil {
			t.Fatal(err)
		}
		defer c.unlock()
		c.find()
		c.prune(now)
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if f.Name() != "lock" {
				names = append(names, f.Name())
			}
		}
		if listed := len(c.all); dry != (listed == 2) {
			t.Errorf("dry %v: %d are listed", dry, listed)
		}
		return names
	}
	if got := left(true); len(got) != 6 {
		t.Errorf("a dry run leaves %q", got)
	}
	if got := left(false); !slices.Equal(got, []string{"new.json", "new.mp4", "older.mp4"}) {
		t.Errorf("it leaves %q", got)
	}
}

// noRooms has no room.
type noRooms struct{}

func (noRooms) Room(string) (handle, error) { return nil, os.ErrNotExist }
