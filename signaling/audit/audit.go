// Package audit writes down who was let in, who was refused, and what hosts and programs did to others.
//
//	room loops ──▶ Log.Note ──▶ queue ──▶ Log.Run ──▶ audit.jsonl, audit.jsonl.1, …
//	requests   ──▶    │
//	                  └─ full: the entry is dropped and counted
//
// A line is an [Entry] in JSON. It names credentials by their IDs; it never has a token, a PIN or
// a resume token.
//
// # Why
//
// A room's loop cannot wait for the disk. A log that loses entries says so by its counter.
package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Results of entries.
const (
	Done    = "done"
	Refused = "refused"
)

// Entry is one line of the file. Empty fields are left out.
type Entry struct {
	Time    time.Time `json:"time"` // UTC; zero: when it is noted
	Room    string    `json:"room,omitempty"`
	Action  string    `json:"action"`            // of package policy's table
	Who     string    `json:"who,omitempty"`     // identity or name of the actor
	By      string    `json:"by,omitempty"`      // kind and ID of what let the actor in, such as "invite:ID"
	Whom    string    `json:"whom,omitempty"`    // public ID or selector of those it was done to
	Address string    `json:"address,omitempty"` // of the client
	Result  string    `json:"result"`            // Done or Refused
	Code    string    `json:"code,omitempty"`    // why it was refused, as in answers of the API
}

// Config says where entries go. Start from [Default].
type Config struct {
	Path     string
	MaxBytes int64 // of one file; then the next one begins
	Files    int   // that are kept, the one that is written included
	Queue    int   // entries that wait for the disk; further ones are dropped
}

// Default keeps 5 files of 16 MiB in the folder data.
func Default() Config {
	return Config{Path: "data/audit.jsonl", MaxBytes: 16 << 20, Files: 5, Queue: 4096}
}

// Log writes entries. It is safe for concurrent use. The goroutine of Run owns the file.
type Log struct {
	cfg     Config
	log     *slog.Logger
	queue   chan Entry
	dropped atomic.Uint64

	file *os.File
	size int64
	bad  bool // the last write failed, and the log knows
}

// New returns a log that writes nothing before Run.
func New(cfg Config, log *slog.Logger) *Log {
	return &Log{cfg: cfg, log: log, queue: make(chan Entry, cfg.Queue)}
}

// Note takes an entry. It does not wait: an entry that has no place is dropped and counted.
func (l *Log) Note(e Entry) {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	e.Time = e.Time.UTC()
	select {
	case l.queue <- e:
	default:
		l.dropped.Add(1)
	}
}

// Run writes entries until ctx ends, and then those that still wait. It always returns nil: a server
// whose disk is full serves on, and counts what it could not write.
func (l *Log) Run(ctx context.Context) error {
	defer func() { l.close() }()
	for {
		select {
		case e := <-l.queue:
			l.write(e)
		case <-ctx.Done():
			for len(l.queue) > 0 {
				l.write(<-l.queue)
			}
			return nil
		}
	}
}

// Collectors returns the counter of lost entries.
func (l *Log) Collectors() []prometheus.Collector {
	return []prometheus.Collector{prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "tilemix_audit_dropped_total",
		Help: "Entries of the audit log that were dropped, of a full queue or because the disk did not take them.",
	}, func() float64 { return float64(l.dropped.Load()) })}
}

func (l *Log) write(e Entry) {
	err := l.append(e)
	if err != nil {
		l.dropped.Add(1)
		l.close() // the next entry tries anew
		if !l.bad {
			l.log.Error("audit log not written", "err", err)
		}
	}
	l.bad = err != nil
}

func (l *Log) append(e Entry) error {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return err
	}
	if l.file != nil && l.size+int64(line.Len()) > l.cfg.MaxBytes {
		if err := l.rotate(); err != nil {
			return err
		}
	}
	if l.file == nil {
		if err := l.open(); err != nil {
			return err
		}
	}
	n, err := l.file.Write(line.Bytes())
	if err != nil {
		return errors.Join(err, l.file.Truncate(l.size)) // a full disk took half of it
	}
	l.size += int64(n)
	return nil
}

// open opens the file for its owner alone, because it has names and addresses. A file that ends in
// half a line gets the rest of the line's end.
func (l *Log) open() error {
	if err := os.MkdirAll(filepath.Dir(l.cfg.Path), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(l.cfg.Path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return err
	}
	l.file, l.size = f, info.Size()
	last := make([]byte, 1)
	if l.size > 0 {
		if _, err := f.ReadAt(last, l.size-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			n, err := f.WriteString("\n")
			l.size += int64(n)
			return err
		}
	}
	return nil
}

// rotate moves each file to the next number; the oldest goes.
func (l *Log) rotate() error {
	l.close()
	for n := l.cfg.Files - 1; n > 0; n-- {
		err := os.Rename(l.numbered(n-1), l.numbered(n))
		if err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("rotate: %w", err)
		}
	}
	if l.cfg.Files == 1 {
		return os.Remove(l.cfg.Path)
	}
	return nil
}

func (l *Log) numbered(n int) string {
	if n == 0 {
		return l.cfg.Path
	}
	return l.cfg.Path + "." + strconv.Itoa(n)
}

func (l *Log) close() {
	if l.file != nil {
		_ = l.file.Close()
		l.file, l.size = nil, 0
	}
}
