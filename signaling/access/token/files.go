package token

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tilemix/signaling/access/store"
)

// look is how often key files are looked at.
const look = 2 * time.Second

// files are the keys of the operator's files. It is safe for concurrent use.
type files struct {
	paths []string
	log   *slog.Logger

	mu     sync.Mutex // guards what follows
	stamps []store.Stamp
	looked time.Time
	keys   []key
}

// open reads all files. One that cannot be read is an error.
func (f *files) open() error {
	keys, stamps, err := f.read()
	f.keys, f.stamps = keys, stamps
	return err
}

func (f *files) read() (keys []key, stamps []store.Stamp, err error) {
	for _, path := range f.paths {
		data, stamp, err := store.Read(path)
		stamps = append(stamps, stamp)
		if err == nil && data == nil {
			err = fmt.Errorf("%s is not there", path)
		}
		if err != nil {
			return nil, stamps, err
		}
		found, err := parseKeys(path, data)
		if err != nil {
			return nil, stamps, err
		}
		keys = append(keys, found...)
	}
	return keys, stamps, nil
}

// find returns the keys of an algorithm. It reads files again that have changed; if one is broken,
// all keys stay as they were.
func (f *files) find(alg string, now time.Time) (found []key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if since := now.Sub(f.looked); since < 0 || since >= look {
		f.looked = now
		f.follow()
	}
	for _, k := range f.keys {
		if k.alg == alg {
			found = append(found, k)
		}
	}
	return found
}

func (f *files) follow() {
	if !f.changed() {
		return
	}
	keys, stamps, err := f.read()
	f.stamps = append(stamps, make([]store.Stamp, len(f.paths)-len(stamps))...)
	if err != nil {
		f.log.Error("token keys stay as they were", "error", err)
		return
	}
	f.keys = keys
	f.log.Info("token keys read again", "keys", len(keys))
}

func (f *files) changed() bool {
	for i, path := range f.paths {
		if now, err := store.Stat(path); err != nil || i >= len(f.stamps) || !now.Equal(f.stamps[i]) {
			return true
		}
	}
	return false
}
