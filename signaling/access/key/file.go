package key

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/store"
)

const (
	version = 1 // of both files
	most    = 1000
	maxName = 64

	// Prefix is what each key begins with.
	Prefix = "tmk_"
)

// Errors of those who make and remove keys.
var (
	ErrBad   = errors.New("bad key")
	ErrTaken = errors.New("there is a key of that name")
	// ErrNone is returned for a key that is not there.
	ErrNone = errors.New("there is no key of that name")
)

// Key is what is known of a key.
type Key struct {
	Name    string    `json:"name"`
	Hash    string    `json:"hash"` // of the secret
	Scopes  []string  `json:"scopes"`
	Rooms   string    `json:"rooms"` // pattern of the rooms' names
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // zero: never
	Used    time.Time `json:"-"`                // zero: not yet
}

func (k Key) check() error {
	name := strings.Trim(strings.ToLower(k.Name), "abcdefghijklmnopqrstuvwxyz0123456789-_.")
	if k.Name == "" || len(k.Name) > maxName || name != "" {
		return fmt.Errorf("%w: its name must have 1 to %d of letters, digits, dots, - and _", ErrBad, maxName)
	}
	if _, err := path.Match(k.Rooms, ""); err != nil || k.Rooms == "" {
		return fmt.Errorf(`%w: its rooms must be a room's name, or a pattern such as exam-* or *`, ErrBad)
	}
	_, err := rights(k.Scopes)
	return err
}

// file is keys.json.
type file struct {
	Version int   `json:"version"`
	Keys    []Key `json:"keys"`
}

// read reads and checks keys.json. One that is not there has no keys.
func read(dir string) (file, store.Stamp, error) {
	at := filepath.Join(dir, "keys.json")
	data, stamp, err := store.Read(at)
	if err != nil || data == nil {
		return file{}, stamp, err
	}
	var f file
	if err := store.Decode(at, data, version, &f); err != nil {
		return file{}, stamp, err
	}
	for _, k := range f.Keys {
		if err := k.check(); err != nil {
			return file{}, stamp, fmt.Errorf("%w: %s: key %.70q: %w", store.ErrBroken, at, k.Name, err)
		}
	}
	return f, stamp, nil
}

// edit changes keys.json, while no other process does.
func edit(dir string, change func(*file) error) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "keys.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // unlocks
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	f, _, err := read(dir)
	if err != nil {
		return err
	}
	if err := change(&f); err != nil {
		return err
	}
	f.Version = version
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return store.Write(filepath.Join(dir, "keys.json"), append(data, '\n'))
}

// Add makes a key in a folder and returns its secret, which nobody can get again. The caller
// sets Name, Scopes, Rooms and Expires. Errors: ErrBad, ErrTaken, and those of the file.
func Add(dir string, k Key, now time.Time) (secret string, err error) {
	if err := k.check(); err != nil {
		return "", err
	}
	if !k.Expires.IsZero() && !k.Expires.After(now) {
		return "", fmt.Errorf("%w: it must expire in the future", ErrBad)
	}
	secret = credential.NewSecret(Prefix)
	k.Hash, k.Created = credential.Hash(secret), now.UTC().Truncate(time.Second)
	return secret, edit(dir, func(f *file) error {
		if slices.ContainsFunc(f.Keys, func(o Key) bool { return o.Name == k.Name }) {
			return ErrTaken
		}
		if len(f.Keys) >= most {
			return fmt.Errorf("%w: there are %d already", ErrBad, most)
		}
		f.Keys = append(f.Keys, k)
		return nil
	})
}

// Remove takes a key away. It fails with the next request.
func Remove(dir, name string) error {
	return edit(dir, func(f *file) error {
		n := len(f.Keys)
		f.Keys = slices.DeleteFunc(f.Keys, func(k Key) bool { return k.Name == name })
		if len(f.Keys) == n {
			return ErrNone
		}
		return nil
	})
}

// List returns the keys of a folder, oldest first, without their hashes.
func List(dir string) ([]Key, error) {
	f, _, err := read(dir)
	if err != nil {
		return nil, err
	}
	used, err := readUses(dir)
	for i, k := range f.Keys {
		f.Keys[i].Used, f.Keys[i].Hash = used[k.Hash], ""
	}
	return f.Keys, err
}
