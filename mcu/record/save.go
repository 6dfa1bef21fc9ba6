package record

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
)

// reserve is how many blanks the file beside a recording has while that runs: room for
// its last state, which a full disk gives none.
const reserve = 1024

// save writes the file beside a recording. It replaces the one before as a whole, so
// that there is always one that can be read, or, where the disk is full, its contents.
func (i Info) save(dir string) error {
	data, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return err
	}
	if !i.State.Ended() {
		data = pad(data, len(data)+reserve)
	}
	path := filepath.Join(dir, i.ID+infoFile)
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

// overwrite puts it into the place that the file has on the disk already, in its shortest
// form. That is one write of a page or so, which the end of the process does not tear.
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

// pad appends blanks, which JSON may have behind it, up to a size.
func pad(data []byte, size int) []byte {
	return append(data, bytes.Repeat([]byte{' '}, size-len(data))...)
}
