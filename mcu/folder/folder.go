// Package folder keeps what one process has on disk from other processes.
package folder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrUsed is returned where a folder is another process's.
var ErrUsed = errors.New("used by another process")

// lockFile is what is locked: file systems of a network lock no folders.
const lockFile = "lock"

// Lock makes a folder, which has to be there, this process's, until the file that it
// returns is closed. The lock goes with the process, however that ends; the file stays, for
// another might hold it open. With [ErrUsed] the folder is not to be touched; other errors
// say that nothing can be written there. A file system that knows no locks has all folders
// be locked.
func Lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, err
	}
	// Children do not have it: Go opens files for this process alone (O_CLOEXEC).
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		_ = f.Close()
		return nil, &fs.PathError{Op: "lock", Path: dir, Err: ErrUsed}
	}
	return f, nil
}
