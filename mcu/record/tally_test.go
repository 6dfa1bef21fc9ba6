package record

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tilemix/mcu/record/retention"
	"tilemix/mcu/record/sidecar"
)

// TestCountersStay has recordings of this server and of one before be removed, pruned, and not begin. What was counted
// stays counted, once, and that of the server before is not.
func TestCountersStay(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	c := New(Config{Dir: dir, Ceilings: Ceilings{Keep: retention.Keeping{Age: time.Hour}}}, noRooms{}, slog.New(slog.DiscardHandler))
	if err := c.claim(); err != nil {
		t.Fatal(err)
	}
	defer c.unlock()
	close(c.ready)
	done := make(chan struct{})
	close(done)
	have := func(id string, of func(*recording)) {
		i := sidecar.Info{ID: id, State: sidecar.Failed, Ended: now, Size: 1000, DroppedPictures: 1, DroppedPackets: 2, DroppedTracks: 3}
		r := &recording{id: id, dir: dir, wake: make(chan struct{}), done: done, info: i}
		of(r)
		c.all[id] = r
	}
	have("removed", func(*recording) {})
	have("pruned", func(r *recording) { r.info.Ended = now.Add(-2 * time.Hour) })
	have("stays", func(*recording) {})
	have("dropped", func(r *recording) {
		r.info.State, r.info.Ended, r.done = sidecar.Starting, time.Time{}, make(chan struct{})
	})
	c.wg.Add(1)
	have("before", func(r *recording) { r.wake = nil })
	want := tally{running: 1, failed: 3, bytes: 4000, pictures: 4, packets: 8, tracks: 12}
	look := func(after string) {
		t.Helper()
		if got := (metrics{c}).sum(); got != want {
			t.Errorf("after %s, the sums are %+v, not %+v", after, got, want)
		}
	}
	look("nothing")
	for _, id := range []string{"removed", "before"} {
		if err := c.Remove("", id); err != nil {
			t.Fatal(err)
		}
		look("the removal of " + id)
	}
	c.gone.keep(c.all, "removed") // by another request at the same time
	look("a second removal")
	if err := os.WriteFile(filepath.Join(dir, "pruned"+mediaFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c.prune(now)
	look("the pruning")
	c.drop(c.all["dropped"])
	want.running = 0
	look("a start that failed")
	if len(c.all) != 1 {
		t.Errorf("%d are listed", len(c.all))
	}
}
