// Package store keeps small JSON files: written whole or not at all, named with their line when they
// are broken, refused when a newer version wrote them, and looked at again when they change.
//
//	Write: temporary file ─▶ fsync ─▶ rename ─▶ fsync of the folder
//	Stat ─▶ Stamp ─▶ differs from the last? ─▶ read, Decode
//
// The package has no state.
package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ErrBroken is returned for a file that cannot be read as what it should be. Its text has the file
// and the line.
var ErrBroken = errors.New("broken file")

// ErrNewer is returned for a file of a later version of the program.
var ErrNewer = errors.New("file of a newer version")

// Largest is how many bytes a file may have.
const Largest = 8 << 20

// Stamp changes when a file does. The zero Stamp is that of no file.
type Stamp struct {
	info     os.FileInfo
	modified time.Time
	size     int64
}

// Equal tells whether the file is the same as at another time.
func (s Stamp) Equal(o Stamp) bool {
	if s.info == nil || o.info == nil {
		return s.info == nil && o.info == nil
	}
	return s.size == o.size && s.modified.Equal(o.modified) && os.SameFile(s.info, o.info)
}

// Stat returns the stamp of a file. A file that is not there is no error.
func Stat(path string) (Stamp, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Stamp{}, nil
	}
	if err != nil {
		return Stamp{}, err
	}
	return Stamp{info, info.ModTime(), info.Size()}, nil
}

// Read returns what is in a file, of at most Largest bytes, and its stamp. A file that is not there
// has nil.
func Read(path string) ([]byte, Stamp, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Stamp{}, nil
	}
	if err != nil {
		return nil, Stamp{}, err
	}
	defer f.Close()
	info, err := f.Stat() // of what is read, whatever has its name by now
	if err != nil {
		return nil, Stamp{}, err
	}
	data, err := io.ReadAll(io.LimitReader(f, Largest+1))
	if err == nil && len(data) > Largest {
		err = fmt.Errorf("%w: %s is longer than %d bytes", ErrBroken, path, Largest)
	}
	return data, Stamp{info, info.ModTime(), info.Size()}, err
}

// Write replaces a file, which only the server's user may read. The folder is made if it is missing.
// After a crash the file is the old one or the new one.
func Write(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, give(f, dir), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// give hands a file to the owner of its folder, so that the server can read what root wrote.
func give(f *os.File, dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return f.Chown(int(owner.Uid), int(owner.Gid))
}

// Decode reads JSON of a version up to newest into v, whose fields are all that there may be. The
// errors wrap ErrBroken or ErrNewer and name the file and the line. path is for them only.
func Decode(path string, data []byte, newest int, v any) error {
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return broken(path, data, err)
	}
	switch {
	case head.Version > newest:
		return fmt.Errorf("%w: %s has version %d, and this program reads up to %d: use the newer program, or remove the file",
			ErrNewer, path, head.Version, newest)
	case head.Version < 1:
		return fmt.Errorf(`%w: %s:1: has no "version"`, ErrBroken, path)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok {
			return fmt.Errorf("%w: %s:%d: %w", ErrBroken, path, line(data, d.InputOffset()), err)
		}
		return broken(path, data, err)
	}
	return nil
}

func broken(path string, data []byte, err error) error {
	at := int64(len(data))
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = s.Offset
	}
	if u, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at = u.Offset
		err = fmt.Errorf("%q cannot be %s", u.Field, u.Value) // no value of the file
	}
	return fmt.Errorf("%w: %s:%d: %w", ErrBroken, path, line(data, at), err)
}

// line returns the number of the line that has a byte.
func line(data []byte, at int64) int {
	return 1 + bytes.Count(data[:min(max(at, 0), int64(len(data)))], []byte("\n"))
}
