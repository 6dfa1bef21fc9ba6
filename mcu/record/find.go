package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tilemix/codec/mp4"
)

// find makes what is in the folder known.
func (c *Recorder) find() {
	paths, err := filepath.Glob(filepath.Join(c.cfg.Dir, "*"+infoFile))
	if err != nil {
		c.log.Error("recordings not listed", "error", err)
		return
	}
	for _, path := range paths {
		id := strings.TrimSuffix(filepath.Base(path), infoFile)
		info, err := load(c.cfg.Dir, id)
		if err != nil {
			c.log.Warn("not a recording", "file", path, "error", err)
			continue
		}
		if !info.State.Ended() {
			if c.lock == nil { // it may grow
				c.log.Warn("recording not repaired, the folder takes no file", "recording", id)
				continue
			}
			info = c.mend(info)
		}
		done := make(chan struct{})
		close(done)
		c.mu.Lock()
		c.all[id] = &recording{id: id, room: info.Room, dir: c.cfg.Dir, info: info, done: done}
		c.mu.Unlock()
	}
}

// mend repairs a recording that was cut off.
func (c *Recorder) mend(info Info) Info {
	info.State, info.Reason = Finished, interrupted
	path := filepath.Join(c.cfg.Dir, info.ID+mediaFile)
	size, length, err := repair(path)
	switch {
	case err != nil:
		info.State, info.Reason = Failed, interrupted+"; "+reason(err)
	case length == 0:
		info.State = Failed
	}
	info.Size, info.Length = size, length.Seconds()
	for _, p := range info.Participants {
		for i := range p.Tracks {
			c.mendTrack(info.ID, &p.Tracks[i])
		}
	}
	info.Ended = info.Started
	if stat, err := os.Stat(path); err == nil {
		info.Ended = stat.ModTime().UTC()
	}
	// Also where it could not be repaired: the next server is not to tell of it again.
	err = errors.Join(err, info.save(c.cfg.Dir))
	c.happen(info)
	c.log.Info("recording was interrupted", "recording", info.ID, "seconds", info.Length, "error", err)
	return info
}

// mendTrack repairs a track that was cut off.
func (c *Recorder) mendTrack(id string, t *Track) {
	if t.File == "" {
		return
	}
	if _, _, err := repair(filepath.Join(c.cfg.Dir, filepath.Base(t.File))); err != nil {
		c.log.Warn("track not repaired", "recording", id, "error", err)
		if t.Reason == "" {
			t.Reason = interrupted + "; " + reason(err)
		}
	}
}

func repair(path string) (size int64, length time.Duration, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, 0, err
	}
	defer func() {
		if closing := f.Close(); err == nil && closing != nil {
			err = closing
		}
	}()
	size, length, err = mp4.Repair(f)
	if err != nil {
		return size, length, fmt.Errorf("repair: %w", err)
	}
	return size, length, nil
}
