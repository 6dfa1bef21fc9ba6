package sidecar

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestLedger has participants come and go a hundred times a second, for half a minute. The file is
// written once a second, and has the last of them.
func TestLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked, people atomic.Int64
		dir := t.TempDir()
		l := NewLedger(dir, func() Info {
			asked.Add(1)
			return Info{ID: "x", State: Recording, Participants: make([]Person, people.Load())}
		}, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- l.Run(ctx) }()
		for range 3000 {
			people.Add(1)
			l.Note()
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(saveEvery)
		synctest.Wait()
		if n := asked.Load(); n < 29 || n > 32 {
			t.Errorf("it was saved %d times in 31 s", n)
		}
		if i, err := Load(dir, "x"); err != nil || len(i.Participants) != 3000 {
			t.Errorf("the file has %d participants, %v", len(i.Participants), err)
		}
		before := asked.Load()
		time.Sleep(time.Hour)
		if asked.Load() != before {
			t.Error("it was saved though nothing changed")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestLedgerCatchesUp has a folder that takes nothing as the last state comes. It is saved once it can be,
// and once only.
func TestLedgerCatchesUp(t *testing.T) {
	dir, info := filepath.Join(t.TempDir(), "later"), Info{ID: "x", State: Recording}
	l := NewLedger(dir, func() Info { return info }, slog.New(slog.DiscardHandler))
	l.Save()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l.CatchUp()
	if _, err := Load(dir, "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a state that is not the last was saved: %v", err)
	}
	info.State = Finished
	l.CatchUp()
	if i, err := Load(dir, "x"); err != nil || i.State != Finished {
		t.Errorf("the file has %+v, %v", i, err)
	}
	if err := os.Remove(filepath.Join(dir, "x"+Ending)); err != nil {
		t.Fatal(err)
	}
	l.CatchUp()
	if _, err := Load(dir, "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was saved again: %v", err)
	}
}
