// Package journal keeps on disk what a server has, so that the server that follows a crash has it again.
//
//	Put, Drop ─▶ what is to be kept ─▶ Run: a line appended for each change ─▶ the file
//	                                   └▶ the whole anew, once the file has grown (rename)
//
// A line is a change of one key. The last line of a key counts, and a line that a crash has torn is left
// out. Run writes changes at once, so that the kernel has them when the process is killed. It calls fsync
// once a second while there are changes: a loss of power costs the last second.
package journal

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	syncEvery = time.Second
	// beat (10 s) is the time between two touches of a file that has something. Its time says when the
	// server was there last.
	beat = 10 * time.Second
	// slack (64 KiB) is what the file may be larger than twice the size of what it has to say.
	slack = 64 << 10
	// longest (1 MiB) bounds a line.
	longest = 1 << 20
)

// Journal is a table of values by their keys, kept in a file. It is safe for concurrent use. Its only
// goroutine is Run's, which alone touches the disk.
type Journal struct {
	path string
	log  *slog.Logger
	news chan struct{} // something is to be written; holds one

	mu     sync.Mutex
	follow func(key string, value json.RawMessage) // nil: nobody does
	now    map[string]json.RawMessage
	dirty  map[string]struct{} // keys whose values the file does not have

	// Owned by Run.
	file   *os.File
	size   int64 // of the file
	broken bool  // the last write failed, and the log says so
}

// line is a line of the file.
type line struct {
	Key   string          `json:"k"`
	Value json.RawMessage `json:"v,omitempty"` // none: the key is no more
}

// Open reads what an earlier server has left in a file, and when that server was there last. A server
// that was stopped in order leaves nothing. The Journal itself is empty. A file that cannot be read is an
// error; the Journal works all the same.
func Open(path string, log *slog.Logger) (j *Journal, left map[string]json.RawMessage, last time.Time, err error) {
	j = &Journal{path: path, log: log, news: make(chan struct{}, 1), now: map[string]json.RawMessage{}, dirty: map[string]struct{}{}}
	left = map[string]json.RawMessage{}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return j, left, last, nil
	}
	if err != nil {
		return j, left, last, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil {
		last = info.ModTime()
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, longest)
	for lines.Scan() {
		var l line
		if json.Unmarshal(lines.Bytes(), &l) != nil || l.Key == "" {
			continue // torn
		}
		if l.Value == nil {
			delete(left, l.Key)
		} else {
			left[l.Key] = l.Value
		}
	}
	return j, left, last, lines.Err()
}

// Put keeps a value, which JSON can have, in place of the one before. It never waits for the disk.
func (j *Journal) Put(key string, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		j.log.Error("not kept for after a crash", "key", key, "error", err)
		return
	}
	j.mu.Lock()
	same := bytes.Equal(j.now[key], data)
	if !same {
		j.now[key] = data
		j.dirty[key] = struct{}{}
		j.tell(key, data)
	}
	j.mu.Unlock()
	if !same {
		j.rouse()
	}
}

// Drop keeps a key no more. It never waits for the disk.
func (j *Journal) Drop(key string) {
	j.mu.Lock()
	_, there := j.now[key]
	if there {
		delete(j.now, key)
		j.dirty[key] = struct{}{}
		j.tell(key, nil)
	}
	j.mu.Unlock()
	if there {
		j.rouse()
	}
}

// Follow has f get each change from now on: a key with its value, or with nil once it is kept no more. f is
// called with a lock held, so it must neither block nor call the Journal.
func (j *Journal) Follow(f func(key string, value json.RawMessage)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.follow = f
}

// tell tells of a change. The caller holds the lock.
func (j *Journal) tell(key string, value json.RawMessage) {
	if j.follow != nil {
		j.follow(key, value)
	}
}

func (j *Journal) rouse() {
	select {
	case j.news <- struct{}{}:
	default:
	}
}

// Run writes until ctx ends, which says that the server has stopped in order: nothing is to come back,
// and the file is removed. Until the first Put the file of the earlier server stays.
func (j *Journal) Run(ctx context.Context) error {
	sync, alive := time.NewTimer(syncEvery), time.NewTicker(beat)
	sync.Stop()
	defer sync.Stop()
	defer alive.Stop()
	for {
		select {
		case <-j.news:
			j.write()
			sync.Reset(syncEvery)
		case <-sync.C:
			if j.file != nil {
				j.note(j.file.Sync())
			}
		case now := <-alive.C:
			switch {
			case j.broken:
				j.renew()
			case j.file != nil:
				_ = os.Chtimes(j.path, now, now)
			}
		case <-ctx.Done():
			return j.remove()
		}
	}
}

// remove takes the file away.
func (j *Journal) remove() error {
	if j.file != nil {
		_ = j.file.Close()
	}
	if err := os.Remove(j.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		j.note(err)
	}
	return nil
}

// write appends what has changed. The file is made anew if it is missing, or has grown.
func (j *Journal) write() {
	j.mu.Lock()
	var out bytes.Buffer
	for key := range j.dirty {
		encode(&out, key, j.now[key])
	}
	clear(j.dirty)
	whole := 0
	for key, value := range j.now {
		whole += len(key) + len(value)
	}
	j.mu.Unlock()
	if j.file == nil || j.size+int64(out.Len()) > 2*int64(whole)+slack {
		j.renew()
		return
	}
	n, err := j.file.Write(out.Bytes())
	j.size += int64(n)
	if err != nil { // the file has half a line, which a later one must not continue
		_ = j.file.Close()
		j.file = nil
	}
	j.note(err)
}

// renew writes the whole table into a new file, in place of the one before.
func (j *Journal) renew() {
	j.mu.Lock()
	var out bytes.Buffer
	for key, value := range j.now {
		encode(&out, key, value)
	}
	j.mu.Unlock()
	if j.file != nil {
		_ = j.file.Close()
		j.file = nil
	}
	f, err := replace(j.path, out.Bytes())
	if err == nil {
		j.file, j.size = f, int64(out.Len())
	}
	j.note(err)
}

// replace writes a file, and returns it open to append to. After a crash there is the old one or the new
// one.
func replace(path string, data []byte) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path+"~", os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(path+"~", path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path+"~"))
	}
	return f, nil
}

// note logs the first of several errors in a row.
func (j *Journal) note(err error) {
	if err != nil && !j.broken {
		j.log.Error("after a crash now, clients would not come back as who they are", "error", err)
	}
	j.broken = err != nil
}

func encode(out *bytes.Buffer, key string, value json.RawMessage) {
	data, err := json.Marshal(line{key, value})
	if err != nil { // a value that Put has made
		return
	}
	out.Write(data)
	out.WriteByte('\n')
}
