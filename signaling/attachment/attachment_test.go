package attachment_test

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/signaling/attachment"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// small is a store of a new folder, for files of 10 bytes.
func small(t *testing.T) (*attachment.Store, attachment.Config) {
	cfg := attachment.Default()
	cfg.Dir, cfg.MaxFile, cfg.MaxRoom, cfg.MaxTotal = filepath.Join(t.TempDir(), "files"), 10, 25, 40
	return attachment.Open(cfg, slog.New(slog.DiscardHandler)), cfg
}

// TestStore keeps a file, reads it, reads it after a restart, and removes it when its time is over.
func TestStore(t *testing.T) {
	s, cfg := small(t)
	f, err := s.Put("red", "../../etc/passwd", -1, strings.NewReader("hello"), now)
	if err != nil || f.Name != "passwd" || f.Size != 5 || !f.Expires.Equal(now.Add(24*time.Hour)) {
		t.Fatalf("kept as %+v: %v", f, err)
	}
	for range 2 {
		in, known, err := s.Read("red", f.ID, now)
		if err != nil || known != f {
			t.Fatalf("read as %+v: %v", known, err)
		}
		data, err := io.ReadAll(in)
		if _ = in.Close(); err != nil || string(data) != "hello" {
			t.Errorf("it has %q: %v", data, err)
		}
		s = attachment.Open(cfg, slog.New(slog.DiscardHandler))
	}
	for _, id := range []string{"", "../red", f.ID + ".json", "*", strings.ToUpper(f.ID)} {
		if _, _, err := s.Read("red", id, now); !errors.Is(err, attachment.ErrNone) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := s.Get("blue", f.ID, now); !errors.Is(err, attachment.ErrNone) {
		t.Errorf("another room has it: %v", err)
	}
	late := now.Add(25 * time.Hour)
	if _, err := s.Get("red", f.ID, late); !errors.Is(err, attachment.ErrNone) {
		t.Errorf("it is there after its time: %v", err)
	}
	s.Sweep(late)
	if left, err := os.ReadDir(cfg.Dir); err != nil || len(left) > 0 {
		t.Errorf("%v are left: %v", left, err)
	}
}

// TestQuota refuses what is too large, or too much for a room or for the server, and leaves nothing of it.
func TestQuota(t *testing.T) {
	s, cfg := small(t)
	long := strings.Repeat("x", 11)
	for _, size := range []int64{-1, 11} {
		if _, err := s.Put("red", "a", size, strings.NewReader(long), now); !errors.Is(err, attachment.ErrTooLarge) {
			t.Errorf("11 bytes, declared as %d: %v", size, err)
		}
	}
	if _, err := s.Put("red", "a", 9, strings.NewReader("short"), now); err == nil {
		t.Error("a body that ends too early is kept")
	}
	if left, _ := os.ReadDir(cfg.Dir); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
	for i, c := range []struct {
		room string
		want error
	}{{"red", nil}, {"red", nil}, {"red", attachment.ErrFull}, {"blue", nil}, {"blue", nil}, {"green", attachment.ErrFull}} {
		if _, err := s.Put(c.room, "a", 10, strings.NewReader(long[:10]), now); !errors.Is(err, c.want) {
			t.Errorf("file %d, of %s: %v, not %v", i, c.room, err, c.want)
		}
	}
	off := attachment.Open(attachment.Default(), slog.New(slog.DiscardHandler))
	if _, err := off.Put("red", "a", 1, strings.NewReader("a"), now); !errors.Is(err, attachment.ErrOff) {
		t.Errorf("without a folder: %v", err)
	}
}

// TestClean makes names harmless.
func TestClean(t *testing.T) {
	for name, want := range map[string]string{
		"notes.pdf": "notes.pdf", "../../x": "x", `C:\dir\x.txt`: "x.txt", "..": "file", "": "file", ".bashrc": "bashrc",
		"a\x00b\nc": "abc", "gpj.\u202eexe": "gpj.exe", "会议 .txt": "会议 .txt", "\xff\xfe": "file", "a/": "file",
	} {
		if got := attachment.Clean(name); got != want {
			t.Errorf("%q became %q, not %q", name, got, want)
		}
	}
	if got := attachment.Clean(strings.Repeat("é", 200) + ".txt"); len(got) > 200 || !strings.HasSuffix(got, ".txt") {
		t.Errorf("a long name became %d bytes", len(got))
	}
}

// TestDiskFull has no space for a file. It is refused with the reason, nothing of it is left, and what was there is
// there. With space it is kept.
func TestDiskFull(t *testing.T) {
	cfg := attachment.Default()
	cfg.Dir = codectest.SmallDisk(t, "64")
	s := attachment.Open(cfg, slog.New(slog.DiscardHandler))
	first, err := s.Put("red", "first", -1, strings.NewReader("hello"), now)
	if err != nil {
		t.Fatal(err)
	}
	free := codectest.Fill(t, cfg.Dir)
	for range 3 {
		if _, err := s.Put("red", "second", -1, strings.NewReader(strings.Repeat("x", 9000)), now); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("on a full disk: %v", err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(cfg.Dir, "*")); err != nil || len(left) != 3 { // with what fills the disk
		t.Errorf("left are %q, %v", left, err)
	}
	if f, _, err := s.Read("red", first.ID, now); err != nil {
		t.Error(err)
	} else if data, err := io.ReadAll(f); err != nil || string(data) != "hello" {
		t.Errorf("the first has %q, %v", data, err)
	}
	free()
	if _, err := s.Put("red", "second", -1, strings.NewReader(strings.Repeat("x", 9000)), now); err != nil {
		t.Errorf("with space again: %v", err)
	}
}
