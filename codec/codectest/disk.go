package codectest

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// SmallDisk returns a folder on a disk of so many kilobytes, until the test ends. Where none can be mounted, as
// by a user who is not root, it skips the test.
func SmallDisk(tb testing.TB, kilobytes string) (dir string) {
	tb.Helper()
	dir = tb.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+kilobytes+"k"); err != nil {
		tb.Skip("a small disk cannot be mounted here:", err)
	}
	tb.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// Fill writes a file into a folder until the disk takes no further byte. free removes the file.
func Fill(tb testing.TB, dir string) (free func()) {
	tb.Helper()
	name := filepath.Join(dir, "else")
	f, err := os.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	for block := 4096; block > 0; {
		if _, err := f.Write(make([]byte, block)); err != nil {
			block /= 2
		}
	}
	return func() {
		if err := os.Remove(name); err != nil {
			tb.Error(err)
		}
	}
}
