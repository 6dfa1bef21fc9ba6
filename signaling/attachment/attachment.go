// Package attachment keeps the files that participants send in the chat, for a while, in a folder.
//
// A file NAME of a client is text for people only. On disk a file is called by its random ID, beside
// ID.json with what is known of it. The ID is the secret by which the room's participants read it.
package attachment

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"tilemix/mcu/control"
)

var (
	// ErrTooLarge is returned for a file of more than Config.MaxFile bytes.
	ErrTooLarge = errors.New("the file is too large")
	// ErrFull is returned when a room, or the server, has no more space for files.
	ErrFull = errors.New("there is no more space for files")
	// ErrNone is returned for a file that there is not, or no more.
	ErrNone = errors.New("no such file")
	// ErrOff is returned by a store without a folder.
	ErrOff = errors.New("this server takes no files")
)

// Config has the limits of a Store. Start from Default.
type Config struct {
	Dir      string        // folder of the files, which is made for the first one; "": there are none
	MaxFile  int64         // bytes of a file
	MaxRoom  int64         // bytes of all files of a room
	MaxTotal int64         // bytes of all files
	MaxCount int           // files of a room
	Life     time.Duration // of a file
}

// Default keeps files of 10 MB for a day: 100 MB and 200 files a room, 1 GB in all.
func Default() Config {
	return Config{MaxFile: 10_000_000, MaxRoom: 100_000_000, MaxTotal: 1_000_000_000, MaxCount: 200, Life: 24 * time.Hour}
}

// longest (200) bytes of a name are kept; sweepEvery (1 min) is between two looks for old files.
const longest, sweepEvery = 200, time.Minute

// Store has the files of all rooms. It is safe for concurrent use. It has no goroutine but Run's.
type Store struct {
	cfg Config
	log *slog.Logger

	mu    sync.Mutex
	files map[string]record // by ID; also those that are being written, with the space that they may take
}

// record is what ID.json has.
type record struct {
	Room string           `json:"room"`
	File control.ChatFile `json:"file"`
}

// Open returns the store of a folder, with the files that are there.
func Open(cfg Config, log *slog.Logger) *Store {
	s := &Store{cfg: cfg, log: log, files: map[string]record{}}
	all, _ := filepath.Glob(filepath.Join(cfg.Dir, "*.json"))
	for _, path := range all {
		var r record
		data, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(data, &r)
		}
		if id := strings.TrimSuffix(filepath.Base(path), ".json"); err != nil || r.File.ID != id {
			log.Warn("a file of the chat is not what it was", "path", path, "error", err)
			continue
		}
		s.files[r.File.ID] = r
	}
	return s
}

// Run removes files whose time is over, until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		s.Sweep(time.Now())
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Sweep removes the files whose time is over.
func (s *Store) Sweep(now time.Time) {
	s.mu.Lock()
	var old []string
	for id, r := range s.files {
		if !r.File.Expires.IsZero() && now.After(r.File.Expires) {
			old = append(old, id)
			delete(s.files, id)
		}
	}
	s.mu.Unlock()
	for _, id := range old {
		s.remove(id)
	}
}

// Put keeps a file of a room. size is its length, -1 if it is not known; a body of another length is
// an error. Errors are ErrTooLarge, ErrFull, ErrOff, and those of the body and the disk.
func (s *Store) Put(room, name string, size int64, body io.Reader, now time.Time) (control.ChatFile, error) {
	if s.cfg.Dir == "" {
		return control.ChatFile{}, ErrOff
	}
	if size > s.cfg.MaxFile {
		return control.ChatFile{}, s.tooLarge()
	}
	id := strings.ToLower(rand.Text())
	if err := s.reserve(room, id, cmp.Or(max(size, 0), s.cfg.MaxFile)); err != nil {
		return control.ChatFile{}, err
	}
	f := control.ChatFile{ID: id, Name: Clean(name), Expires: now.Add(s.cfg.Life).UTC()}
	n, err := s.write(room, &f, body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && size >= 0 && n != size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		delete(s.files, id)
		s.remove(id)
		return control.ChatFile{}, err
	}
	s.files[id] = record{room, f}
	return f, nil
}

// reserve takes space for a file that is about to be written.
func (s *Store) reserve(room, id string, size int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var here, all int64
	count := 0
	for _, r := range s.files {
		all += int64(r.File.Size)
		if r.Room == room {
			here += int64(r.File.Size)
			count++
		}
	}
	switch {
	case here+size > s.cfg.MaxRoom:
		return fmt.Errorf("%w: the files of a room have %d MB together, and are removed after %v", ErrFull, s.cfg.MaxRoom/1_000_000, s.cfg.Life)
	case count >= s.cfg.MaxCount:
		return fmt.Errorf("%w: a room has %d files at most", ErrFull, s.cfg.MaxCount)
	case all+size > s.cfg.MaxTotal:
		return fmt.Errorf("%w on this server", ErrFull)
	}
	s.files[id] = record{Room: room, File: control.ChatFile{Size: int(size)}} // without an ID nobody gets it
	return nil
}

// write writes a file and what is known of it, and returns its length.
func (s *Store) write(room string, f *control.ChatFile, body io.Reader) (int64, error) {
	if err := os.MkdirAll(s.cfg.Dir, 0o750); err != nil {
		return 0, fmt.Errorf("keep a file: %w", err)
	}
	out, err := os.OpenFile(filepath.Join(s.cfg.Dir, f.ID), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return 0, fmt.Errorf("keep a file: %w", err)
	}
	n, err := io.Copy(out, io.LimitReader(body, s.cfg.MaxFile+1))
	if err = errors.Join(err, out.Close()); err != nil {
		return n, fmt.Errorf("keep a file: %w", err)
	}
	if n > s.cfg.MaxFile {
		return n, s.tooLarge()
	}
	f.Size = int(n)
	data, err := json.Marshal(record{room, *f})
	if err != nil {
		return n, fmt.Errorf("keep a file: %w", err)
	}
	if err := os.WriteFile(filepath.Join(s.cfg.Dir, f.ID+".json"), data, 0o640); err != nil {
		return n, fmt.Errorf("keep a file: %w", err)
	}
	return n, nil
}

func (s *Store) tooLarge() error {
	return fmt.Errorf("%w: a file has %d MB at most", ErrTooLarge, s.cfg.MaxFile/1_000_000)
}

// remove deletes a file from the disk.
func (s *Store) remove(id string) {
	for _, path := range []string{filepath.Join(s.cfg.Dir, id), filepath.Join(s.cfg.Dir, id+".json")} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			s.log.Warn("a file of the chat is not removed", "path", path, "error", err)
		}
	}
}

// Get returns what is known of a file of a room, or ErrNone.
func (s *Store) Get(room, id string, now time.Time) (control.ChatFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.files[id]; ok && id != "" && r.File.ID == id && r.Room == room && !now.After(r.File.Expires) {
		return r.File, nil
	}
	return control.ChatFile{}, ErrNone
}

// Read opens a file of a room. The caller closes it. Errors are ErrNone and those of the disk.
func (s *Store) Read(room, id string, now time.Time) (*os.File, control.ChatFile, error) {
	known, err := s.Get(room, id, now)
	if err != nil {
		return nil, known, err
	}
	f, err := os.Open(filepath.Join(s.cfg.Dir, known.ID))
	if errors.Is(err, os.ErrNotExist) {
		err = ErrNone
	}
	return f, known, err
}

// Clean returns a name as people may see it: the last part of a path, without control characters and
// characters that change the direction of text, at most 200 bytes. What is left of nothing is "file".
func Clean(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || slices.Contains([]rune{'\u202a', '\u202b', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068'}, r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, name)
	for len(name) > longest {
		r := []rune(name)
		name = string(r[1:]) // its end says what kind it is
	}
	if name = strings.TrimLeft(strings.TrimSpace(name), "."); name == "" {
		return "file"
	}
	return name
}
