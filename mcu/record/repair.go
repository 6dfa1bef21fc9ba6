package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tilemix/codec/mp4"
	"tilemix/mcu/record/sidecar"
)

// repairer reads a folder, and repairs the recordings that the end of a server cut off.
type repairer struct {
	dir  string
	ours bool // no other process writes into the folder
	log  *slog.Logger
	// repaired is called for each recording that was repaired, with the state in which it was.
	repaired func(i sidecar.Info, was sidecar.State)
}

// find returns the recordings of the folder. Recordings that may still grow are left out.
func (r repairer) find() []sidecar.Info {
	paths, err := filepath.Glob(filepath.Join(r.dir, "*"+sidecar.Ending))
	if err != nil {
		r.log.Error("recordings not listed", "error", err)
		return nil
	}
	var all []sidecar.Info
	for _, path := range paths {
		info, err := sidecar.Load(r.dir, strings.TrimSuffix(filepath.Base(path), sidecar.Ending))
		switch {
		case err != nil:
			r.log.Warn("not a recording", "file", path, "error", err)
			continue
		case !info.State.Ended() && !r.ours:
			r.log.Warn("recording not repaired, the folder takes no file", "recording", info.ID)
			continue
		case !info.State.Ended():
			info = r.repair(info)
		}
		all = append(all, info)
	}
	return all
}

// reach (10 min) is how long ago a recording may have been cut off that goes on when its room does.
const reach = 10 * time.Minute

// severed is a recording that a crash of the server has cut off.
type severed struct {
	sidecar.Info
	paused bool
}

// cut has the recordings whose next parts are to begin with their rooms. It is safe for concurrent use.
type cut struct {
	mu   sync.Mutex
	all  []severed
	goes map[string]int // rooms whose next parts begin now
}

// add takes one that the server before has left.
func (c *cut) add(one severed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, one)
}

// has tells whether there is one of a room, or begins now.
func (c *cut) has(room string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.goes[room] > 0 || slices.ContainsFunc(c.all, func(t severed) bool { return t.Room == room })
}

// take returns those of a room, and has the room until done is called.
func (c *cut) take(room string) (mine []severed, done func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = slices.DeleteFunc(c.all, func(t severed) bool {
		if t.Room == room {
			mine = append(mine, t)
		}
		return t.Room == room
	})
	if c.goes == nil {
		c.goes = map[string]int{}
	}
	c.goes[room]++
	return mine, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.goes[room]--; c.goes[room] == 0 {
			delete(c.goes, room)
		}
	}
}

// inherit takes those that another server has left in its journal.
func (c *cut) inherit(left map[string]json.RawMessage, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = slices.DeleteFunc(c.all, func(t severed) bool { return now.Sub(t.Ended) >= reach })
	for key, value := range left {
		var i sidecar.Info
		if strings.HasPrefix(key, ofRecording) && json.Unmarshal(value, &i) == nil && i.Room != "" {
			i.Ended = now
			c.all = append(c.all, severed{i, i.State == sidecar.Paused})
		}
	}
}

// repair repairs a recording that was cut off, and its tracks.
func (r repairer) repair(info sidecar.Info) sidecar.Info {
	was := info.State
	info.State, info.Reason = sidecar.Finished, interrupted
	path := filepath.Join(r.dir, info.ID+mediaFile)
	size, length, err := repairFile(path)
	switch {
	case err != nil:
		info.State, info.Reason = sidecar.Failed, interrupted+"; "+reason(err)
	case length == 0:
		info.State = sidecar.Failed
	}
	info.Size, info.Length = size, length.Seconds()
	for _, p := range info.Participants {
		for i := range p.Tracks {
			r.repairTrack(info.ID, &p.Tracks[i])
		}
	}
	info.Ended = info.Started
	if stat, err := os.Stat(path); err == nil {
		info.Ended = stat.ModTime().UTC()
	}
	// Also if the repair failed, because the next server must not emit the end again.
	err = errors.Join(err, info.Save(r.dir))
	r.repaired(info, was)
	r.log.Info("recording was interrupted", "recording", info.ID, "seconds", info.Length, "error", err)
	return info
}

// repairTrack repairs a track that was cut off. A file in which nothing is whole is removed.
func (r repairer) repairTrack(id string, t *sidecar.Track) {
	if t.File == "" {
		return
	}
	path := filepath.Join(r.dir, filepath.Base(t.File))
	size, _, err := repairFile(path)
	if err == nil && size > 0 {
		return
	}
	why := interrupted
	if err != nil {
		r.log.Warn("track not repaired", "recording", id, "error", err)
		why += "; " + reason(err)
	} else {
		t.File = ""
		_ = os.Remove(path)
	}
	if t.Reason == "" {
		t.Reason = why
	}
}

// repairFile cuts a file behind its last whole fragment, and writes its index.
func repairFile(path string) (size int64, length time.Duration, err error) {
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

// filesOf returns the paths of all files of a recording, that of its state last.
func filesOf(dir string, i sidecar.Info) (paths []string) {
	for _, p := range i.Participants {
		for _, t := range p.Tracks {
			if t.File != "" {
				paths = append(paths, filepath.Join(dir, filepath.Base(t.File)))
			}
		}
	}
	return append(paths, filepath.Join(dir, i.ID+mediaFile), filepath.Join(dir, i.ID+sidecar.Ending))
}

// remove removes files in their order, and stops at the first that stays. Some may be gone already.
func remove(paths []string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// bytesOf returns the size of files.
func bytesOf(paths []string) (n int64) {
	for _, path := range paths {
		if f, err := os.Stat(path); err == nil {
			n += f.Size()
		}
	}
	return n
}
