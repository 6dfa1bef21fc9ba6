package sidecar

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
)

// reserve is how many blanks end the file while the recording runs: room for its last state on a full
// disk.
const reserve = 1024

// Save writes the file into a folder, in place of the one before. If the disk is full, Save overwrites
// the content of the file instead.
func (i Info) Save(dir string) error {
	data, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return err
	}
	if !i.State.Ended() {
		data = pad(data, len(data)+reserve)
	}
	path := filepath.Join(dir, i.ID+Ending)
	err = os.WriteFile(path+"~", append(data, '\n'), 0o640)
	if err == nil {
		err = os.Rename(path+"~", path)
	}
	if err != nil {
		_ = os.Remove(path + "~")
		if i.overwrite(path) == nil {
			return nil
		}
	}
	return err
}

// overwrite writes the shortest form into the space that the file already has on the disk. This is one
// write of about a page, which the end of the process does not tear.
func (i Info) overwrite(path string) error {
	data, err := json.Marshal(i)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if int64(len(data)) > size {
		return io.ErrShortWrite
	}
	_, err = f.WriteAt(pad(data, int(size)), 0)
	return err
}

// pad appends blanks, which JSON allows behind a value, up to a size.
func pad(data []byte, size int) []byte {
	return append(data, bytes.Repeat([]byte{' '}, size-len(data))...)
}
