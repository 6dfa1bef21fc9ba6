// Package folder locks the folder of one process against others, and finds out what became of it.
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

// Taken reports whether the file at the path that f was opened by is another one, or there is none.
func Taken(f *os.File) bool {
	own, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(f.Name())
	return errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(own, there)
}

// Free returns how many bytes the disk of a folder has left for this process, and its size in bytes.
func Free(dir string) (free, size int64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, &fs.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return int64(s.Bavail) * s.Bsize, int64(s.Blocks) * s.Bsize, nil
}
