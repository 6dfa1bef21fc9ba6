package journal

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tilemix/codec/codectest"
)

// TestDiskFull fills the disk under a journal. What it had stays for the next server, the log says once what is
// wrong, and nobody waits. With space, all is kept again without a further change.
func TestDiskFull(t *testing.T) {
	dir := codectest.SmallDisk(t, "64")
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(dir, "journal.jsonl")
		var log bytes.Buffer
		j, _, _, err := Open(path, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- j.Run(ctx) }()
		j.Put("a", 1)
		synctest.Wait()
		free := codectest.Fill(t, dir)
		for n := range 20 {
			j.Put("b", strings.Repeat("x", 1000+n))
			synctest.Wait()
		}
		if got := left(t, path); !slices.Contains(got, "a=1") {
			t.Errorf("a crash on a full disk leaves %.60q", got)
		}
		if n := strings.Count(log.String(), "no space left on device"); n != 1 {
			t.Errorf("the log says it %d times: %.500s", n, log.String())
		}
		j.Put("b", 2)
		free()
		time.Sleep(beat + time.Second)
		synctest.Wait()
		if got, want := left(t, path), []string{"a=1", "b=2"}; !slices.Equal(got, want) {
			t.Errorf("with space again a crash leaves %.60q", got)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
