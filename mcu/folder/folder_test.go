package folder_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tilemix/mcu/folder"
)

func TestLock(t *testing.T) {
	dir := t.TempDir()
	first, err := folder.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Lock(dir); !errors.Is(err, folder.ErrUsed) || !strings.Contains(err.Error(), dir) {
		t.Errorf("locked again: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := folder.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
	if _, err := folder.Lock(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// TestTaken has a file and its folder be moved away, removed, and replaced.
func TestTaken(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(dir, file string) error
		want bool
	}{
		"nothing": {func(string, string) error { return nil }, false},
		"removed": {func(_, file string) error { return os.Remove(file) }, true},
		"moved":   {func(dir, _ string) error { return os.Rename(dir, dir+"-gone") }, true},
		"replaced": {func(_, file string) error {
			return errors.Join(os.Rename(file, file+"-gone"), os.WriteFile(file, nil, 0o600))
		}, true},
		"moved and made anew": {func(dir, file string) error {
			return errors.Join(os.Rename(dir, dir+"-gone"), os.Mkdir(dir, 0o700), os.WriteFile(file, nil, 0o600))
		}, true},
		"written": {func(_, file string) error { return os.WriteFile(file, []byte("x"), 0o600) }, false},
	} {
		dir := filepath.Join(t.TempDir(), "dir")
		file := filepath.Join(dir, "file")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.do(dir, file); err != nil {
			t.Fatal(err)
		}
		if got := folder.Taken(f); got != c.want {
			t.Errorf("%s: taken is %v", name, got)
		}
		_ = f.Close()
		if folder.Taken(f) {
			t.Errorf("%s: a closed file counts as taken", name)
		}
	}
}

func TestFree(t *testing.T) {
	free, size, err := folder.Free(t.TempDir())
	if err != nil || free <= 0 || size < free {
		t.Errorf("%d of %d bytes are free, %v", free, size, err)
	}
	if _, _, err := folder.Free(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
