// Package folder locks the folder of one process against others.
package folder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrUsed is returned if another process has locked the folder.
var ErrUsed = errors.New("used by another process")

// lockFile is locked instead of the folder, because network file systems lock no folders.
const lockFile = "lock"

// Lock locks a folder, which must exist, for this process. The caller closes the returned file
// to unlock the folder; the end of the process unlocks it too. The file itself stays, because
// another process may hold it open. After [ErrUsed] the caller must not touch the folder. Other
// errors say that the folder cannot be written. On a file system without locks every Lock
// succeeds.
func Lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, err
	}
	// Children do not inherit the lock, because Go opens files with O_CLOEXEC.
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		_ = f.Close()
		return nil, &fs.PathError{Op: "lock", Path: dir, Err: ErrUsed}
	}
	return f, nil
}
