package copies

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu"
	"tilemix/mcu/event"
	"tilemix/mcu/record/sidecar"
)

// recorder is what a Copier needs of [record.Recorder].
type recorder interface {
	List(room string) []sidecar.Info
	Open(room, id, name string) (f *os.File, size int64, err error)
	Remove(room, id string) error
}

// Copier copies recordings. Hear is safe for concurrent use. Its only goroutine is Run's, beside those of
// the client for S3 while it sends.
type Copier struct {
	cfg     Config
	from    recorder
	storage *storage // nil: nothing is copied
	log     *slog.Logger
	wake    chan struct{} // holds one

	// Owned by Run.
	done   map[string]bool     // IDs of recordings that need no copy any more
	faults map[string]*failing // by ID

	copied, failed, waiting atomic.Int64
}

// failing is a recording whose last attempt failed.
type failing struct {
	times int
	again time.Time
}

// New returns a Copier that has started nothing. The error wraps ErrConfig.
func New(cfg Config, from recorder, log *slog.Logger) (*Copier, error) {
	at, err := cfg.place()
	if err != nil {
		return nil, err
	}
	c := &Copier{cfg: cfg, from: from, log: log, wake: make(chan struct{}, 1), done: map[string]bool{}, faults: map[string]*failing{}}
	if cfg.URL == "" {
		return c, nil
	}
	if c.storage, err = newStorage(cfg, at); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return c, nil
}

// Hear takes note of events. It does not block.
func (c *Copier) Hear(e event.Event) {
	if c.storage == nil || e.Type != event.RecordingFinished && e.Type != event.RecordingFailed {
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run copies until ctx ends. What is being copied then is copied by the next run.
func (c *Copier) Run(ctx context.Context) error {
	if c.storage == nil {
		<-ctx.Done()
		return nil
	}
	defer c.storage.conns.CloseIdleConnections()
	c.remember()
	for ctx.Err() == nil {
		var later <-chan time.Time
		if next := c.round(ctx); !next.IsZero() {
			timer := time.NewTimer(time.Until(next))
			defer timer.Stop()
			later = timer.C
		}
		select {
		case <-c.wake:
		case <-later:
		case <-ctx.Done():
		}
	}
	return nil
}

// round tries each recording that waits, and returns when the next attempt is due, zero for none.
func (c *Copier) round(ctx context.Context) (next time.Time) {
	var all []sidecar.Info
	for _, i := range c.from.List("") {
		if i.State.Ended() && i.Size > 0 && !c.done[i.ID] {
			all = append(all, i)
		}
	}
	for n, i := range all {
		c.waiting.Store(int64(len(all) - n))
		f := c.faults[i.ID]
		if f == nil || !time.Now().Before(f.again) {
			f = c.attempt(ctx, i, f)
		}
		if ctx.Err() != nil {
			return time.Time{}
		}
		if f != nil && (next.IsZero() || f.again.Before(next)) {
			next = f.again
		}
	}
	c.waiting.Store(int64(len(c.faults)))
	return next
}

// attempt copies a recording, and returns nil, or when to try again.
func (c *Copier) attempt(ctx context.Context, i sidecar.Info, f *failing) *failing {
	log := c.log.With("recording", i.ID, "room", i.Room)
	began := time.Now()
	at, size, err := c.copy(ctx, i)
	switch {
	case ctx.Err() != nil:
		return f
	case errors.Is(err, errGone):
		log.Warn("recording not copied", "reason", err)
		c.done[i.ID] = true
		delete(c.faults, i.ID)
		return nil
	case err != nil:
		if f == nil {
			f = &failing{}
			c.faults[i.ID] = f
			c.tell(event.RecordingCopyFailed, i, event.Recording{Reason: err.Error()})
		}
		f.times++
		f.again = time.Now().Add(c.cfg.Retry.After(f.times, rand.Float64()))
		c.failed.Add(1)
		log.Warn("recording not copied yet", "reason", err, "attempts", f.times, "again", time.Until(f.again))
		return f
	}
	delete(c.faults, i.ID)
	c.done[i.ID] = true
	c.copied.Add(1)
	log.Info("recording copied", "url", at, "bytes", size, "took", time.Since(began))
	c.tell(event.RecordingCopied, i, event.Recording{URL: at})
	if c.cfg.Remove {
		err := c.from.Remove(i.Room, i.ID)
		if err == nil {
			delete(c.done, i.ID) // and there is nothing that a note could be of
			return nil
		}
		log.Error("recording not removed after its copy", "error", err)
	}
	if err := c.remark(i.ID, at); err != nil { // a full disk, say: what was copied is, all the same
		log.Error("recording will be copied again by the next server", "error", err)
	}
	return nil
}

// tell sends an event of a recording.
func (c *Copier) tell(kind event.Type, i sidecar.Info, r event.Recording) {
	if c.cfg.Events == nil {
		return
	}
	r.ID, r.Seconds, r.Bytes, r.Part, r.Of = i.ID, i.Length, i.Size, i.Part, i.Of
	e := event.New(kind, i.Room)
	e.Recording = &r
	c.cfg.Events(e)
}

// errGone says that there is nothing left to copy.
var errGone = errors.New("its file is gone")

// copy copies all files of a recording. at is the URL of the mix, size the bytes of all.
func (c *Copier) copy(ctx context.Context, i sidecar.Info) (at string, size int64, err error) {
	names := []string{""}
	for _, p := range i.Participants {
		for _, t := range p.Tracks {
			if t.File != "" {
				names = append(names, t.File)
			}
		}
	}
	for _, name := range names {
		n, err := c.send(ctx, i, name)
		if errors.Is(err, errGone) && name != "" {
			continue // a track that somebody took away
		}
		if err != nil {
			return "", 0, err
		}
		size += n
	}
	about, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return "", 0, err
	}
	if err := c.storage.put(ctx, i.ID+sidecar.Ending, bytes.NewReader(about), int64(len(about))); err != nil {
		return "", 0, err
	}
	return c.storage.url(i.ID + media), size, nil
}

// media is the end of the name of a mix.
const media = ".mp4"

// send copies one file, of a track, or the mix if name is "".
func (c *Copier) send(ctx context.Context, i sidecar.Info, name string) (size int64, err error) {
	f, size, err := c.from.Open(i.Room, i.ID, name)
	if errors.Is(err, mcu.ErrNotFound) {
		return 0, errGone
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if name == "" {
		name = i.ID + media
	}
	return size, c.storage.put(ctx, name, f, size)
}

func (c *Copier) note(id string) string { return filepath.Join(c.cfg.Dir, id+sidecar.Ending) }

// remark notes that a recording was copied, so that no later run copies it again.
func (c *Copier) remark(id, at string) error {
	data, err := json.Marshal(map[string]any{"url": at, "at": time.Now().UTC()})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.cfg.Dir, 0o750); err != nil {
		return err
	}
	return os.WriteFile(c.note(id), data, 0o640)
}

// remember reads which recordings were copied, and removes the notes of those that are gone.
func (c *Copier) remember() {
	there := map[string]bool{}
	for _, i := range c.from.List("") {
		there[i.ID] = true
	}
	files, err := os.ReadDir(c.cfg.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.log.Error("recordings may be copied again", "error", err)
	}
	for _, f := range files {
		if id, ok := strings.CutSuffix(f.Name(), sidecar.Ending); ok {
			if c.done[id] = there[id]; !there[id] {
				_ = os.Remove(c.note(id))
			}
		}
	}
}

// Collectors returns the metrics of copies.
func (c *Copier) Collectors() []prometheus.Collector {
	count := func(name, help string, of *atomic.Int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(of.Load()) })
	}
	return []prometheus.Collector{
		count("tilemix_recordings_copied_total", "Recordings that were copied to --archive.", &c.copied),
		count("tilemix_recording_copy_failures_total", "Attempts to copy a recording that failed.", &c.failed),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tilemix_recordings_uncopied", Help: "Recordings that wait to be copied to --archive.",
		}, func() float64 { return float64(c.waiting.Load()) }),
	}
}
