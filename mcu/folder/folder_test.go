package folder_test

import (
	"errors"
	"io/fs"
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
