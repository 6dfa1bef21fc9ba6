package journal

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// begin opens a Journal and runs it until stop, which is as a server that stops in order.
func begin(t *testing.T, path string) (j *Journal, stop func()) {
	t.Helper()
	j, _, _, err := Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- j.Run(ctx) }()
	return j, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// left returns what a server would find that begins now, as texts in order.
func left(t *testing.T, path string) (all []string) {
	t.Helper()
	_, found, _, err := Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		all = append(all, key+"="+string(found[key]))
	}
	return all
}

// TestJournal: what was put and not dropped is there for the next server, however this one ends but in
// order. A line that was torn is left out, and so is what follows in it.
func TestJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "data", "journal.jsonl")
		j, stop := begin(t, path)
		j.Put("a", 1)
		j.Put("b", map[string]int{"n": 2})
		j.Put("c", "gone")
		synctest.Wait()
		j.Put("a", 3)
		j.Drop("c")
		j.Drop("never")
		synctest.Wait()
		want := []string{"a=3", `b={"n":2}`}
		if got := left(t, path); !slices.Equal(got, want) {
			t.Errorf("a crash leaves %q", got)
		}
		torn, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = torn.WriteString(`{"k":"d","v":{"n`)
		_ = torn.Close()
		if got := left(t, path); !slices.Equal(got, want) {
			t.Errorf("a torn line leaves %q", got)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file, which has secrets, is %v, %v", info.Mode(), err)
		}
		stop()
		if got := left(t, path); got != nil {
			t.Errorf("a stop in order leaves %q", got)
		}
	})
}

// TestNewServer: the file of the server before stays until something is put, and is replaced then.
func TestNewServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "journal.jsonl")
		if err := os.WriteFile(path, []byte(`{"k":"old","v":1}`+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		j, stop := begin(t, path)
		defer stop()
		time.Sleep(time.Minute)
		if got := left(t, path); !slices.Equal(got, []string{"old=1"}) {
			t.Errorf("before the first is put there is %q", got)
		}
		j.Put("new", 2)
		synctest.Wait()
		if got := left(t, path); !slices.Equal(got, []string{"new=2"}) {
			t.Errorf("then there is %q", got)
		}
	})
}

// TestBounded changes one key often: the file does not grow with it.
func TestBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "journal.jsonl")
		j, stop := begin(t, path)
		defer stop()
		for i := range 20_000 {
			j.Put("key", fmt.Sprint("value ", i))
			synctest.Wait()
		}
		info, err := os.Stat(path)
		if err != nil || info.Size() > 2*slack {
			t.Errorf("the file has %d bytes, %v", info.Size(), err)
		}
		if got := left(t, path); !slices.Equal(got, []string{`key="value 19999"`}) {
			t.Errorf("there is %q", got)
		}
	})
}

// TestDiskComesBack has a folder that takes nothing, and then does: nothing is lost.
func TestDiskComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		folder := filepath.Join(dir, "data")
		if err := os.WriteFile(folder, nil, 0o600); err != nil { // a file where the folder is to be
			t.Fatal(err)
		}
		path := filepath.Join(folder, "journal.jsonl")
		j, _, _, _ := Open(filepath.Join(dir, "none"), slog.New(slog.DiscardHandler))
		j.path = path
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- j.Run(ctx) }()
		j.Put("a", 1)
		synctest.Wait()
		if err := os.Remove(folder); err != nil {
			t.Fatal(err)
		}
		j.Put("b", 2)
		synctest.Wait()
		if got := left(t, path); !slices.Equal(got, []string{"a=1", "b=2"}) {
			t.Errorf("there is %q", got)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestBeat: the time of the file says when the server was there last.
func TestBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "journal.jsonl")
		j, stop := begin(t, path)
		defer stop()
		j.Put("a", 1)
		time.Sleep(time.Hour)
		synctest.Wait()
		_, _, last, err := Open(path, slog.New(slog.DiscardHandler))
		if err != nil || time.Since(last) > 2*beat {
			t.Errorf("it was there %v ago, %v", time.Since(last), err)
		}
	})
}
