package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu"
	"tilemix/mcu/event"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/rules"
	"tilemix/mcu/views"
)

// running returns the recordings of a room that have not ended, or of all rooms if room is "". The
// caller holds c.mu.
func (c *Recorder) running(room string) []*recording {
	var found []*recording
	for _, r := range c.live {
		if (room == "" || r.room == room) && !r.over() {
			found = append(found, r)
		}
	}
	return found
}

// runningInfos returns what there is to know of a room's recordings that have not ended.
func (c *Recorder) runningInfos(room string) []sidecar.Info {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []sidecar.Info
	for _, r := range c.running(room) {
		all = append(all, r.Info())
	}
	return all
}

// List returns the recordings of a room, or of all rooms if room is "", the oldest first.
func (c *Recorder) List(room string) []sidecar.Info {
	<-c.ready
	c.mu.Lock()
	defer c.mu.Unlock()
	all := []sidecar.Info{}
	for _, r := range c.all {
		if room == "" || r.room == room {
			all = append(all, r.Info())
		}
	}
	slices.SortFunc(all, func(a, b sidecar.Info) int { return strings.Compare(a.ID, b.ID) })
	cut := map[string]bool{} // by a crash; by the IDs of first parts
	for _, i := range all {
		cut[i.Of] = true
	}
	for n := range all {
		if cut[all[n].First()] {
			all[n].Join(all)
		}
	}
	return all
}

// Continue begins the next part of each recording of a room that the crash of the server before has cut
// off, not longer than ten minutes ago. The caller calls it when the room has begun again, and may do so
// more than once. Errors are those of Start.
func (c *Recorder) Continue(room string) (failed error) {
	<-c.ready
	mine, done := c.severed.take(room)
	for _, t := range mine {
		var o Options
		_ = json.Unmarshal(t.Options, &o) // of another version: as far as this one knows them
		o.after = &t.Info
		next, err := c.Start(room, o)
		if err == nil && t.paused {
			_, err = c.Pause(room, next.ID, true)
		}
		failed = errors.Join(failed, err)
	}
	if done(); failed != nil {
		c.soon(room)
	}
	return failed
}

// Waive has the cut recordings of a room end where they were cut: its call comes too late to be the same one. What
// the rules of the room say of the call happens.
func (c *Recorder) Waive(room string) {
	<-c.ready
	waived, done := c.severed.take(room)
	if done(); len(waived) > 0 {
		c.soon(room)
	}
}

// Inherit takes the recordings of a room, by the keys of another server's journal, which go on here: Continue begins
// their next parts. Other keys mean nothing to it.
func (c *Recorder) Inherit(left map[string]json.RawMessage) { c.severed.inherit(left, time.Now()) }

// Get returns a recording of a room, or of any room if room is "". The error is mcu.ErrNotFound.
func (c *Recorder) Get(room, id string) (sidecar.Info, error) {
	r, err := c.get(room, id)
	if err != nil {
		return sidecar.Info{}, err
	}
	info := r.Info()
	info.Join(c.parts(info.First()))
	return info, nil
}

// parts returns the parts of a recording, the oldest first.
func (c *Recorder) parts(first string) (all []sidecar.Info) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.all {
		if i := r.Info(); i.First() == first {
			all = append(all, i)
		}
	}
	slices.SortFunc(all, func(a, b sidecar.Info) int { return strings.Compare(a.ID, b.ID) })
	return all
}

func (c *Recorder) get(room, id string) (*recording, error) {
	<-c.ready
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.all[id]
	if r == nil || room != "" && r.room != room {
		return nil, fmt.Errorf("recording: %w", mcu.ErrNotFound)
	}
	return r, nil
}

// prune deletes the recordings that Ceilings.Keep does not keep, with all of their files. The file that says
// what the recording is goes last, so that a crash leaves nothing that is not listed.
func (c *Recorder) prune(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lock == nil {
		return // the folder is another server's
	}
	var all []sidecar.Info
	for id, r := range c.all {
		if i := r.Info(); c.live[id] == nil || !i.State.Ended() { // else its last state is being written
			all = append(all, i)
		}
	}
	keep := c.now.Load().Keep
	for _, i := range keep.Over(all, func(i sidecar.Info) int64 { return bytesOf(filesOf(c.cfg.Dir, i)) }, now) {
		log := c.log.With("recording", i.ID, "room", i.Room, "ended", i.Ended, "bytes", bytesOf(filesOf(c.cfg.Dir, i)))
		if keep.DryRun {
			if !c.doomed[i.ID] {
				log.Info("this recording would be deleted (--recordings-dry-run)")
			}
			c.doomed[i.ID] = true
			continue
		}
		if err := remove(filesOf(c.cfg.Dir, i)); err != nil {
			log.Error("recording not deleted", "error", err)
			continue
		}
		c.gone.keep(c.all, i.ID)
		log.Info("recording deleted")
	}
}

// Open opens a file of a recording, and returns how many bytes of it are whole. name is that of a track;
// "" is the mix. The caller closes the file.
func (c *Recorder) Open(room, id, name string) (f *os.File, size int64, err error) {
	info, err := c.Get(room, id)
	if err != nil {
		return nil, 0, err
	}
	if name == "" {
		name = id + mediaFile
	} else if !info.Has(name) {
		return nil, 0, fmt.Errorf("file of the recording: %w", mcu.ErrNotFound)
	}
	f, err = os.Open(filepath.Join(c.cfg.Dir, name))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, 0, fmt.Errorf("file of the recording: %w", mcu.ErrNotFound)
	case err != nil:
		return nil, 0, fmt.Errorf("%w: %s", ErrStorage, reason(err))
	}
	if name == id+mediaFile {
		return f, info.Size, nil
	}
	size, err = f.Seek(0, io.SeekEnd)
	return f, size, err
}

// Remove deletes a recording that has ended, with all its files. Errors are mcu.ErrNotFound, ErrRunning
// and ErrStorage; after the last one the recording is listed still.
func (c *Recorder) Remove(room, id string) error {
	r, err := c.get(room, id)
	if err != nil {
		return err
	}
	select {
	case <-r.done:
	default:
		return ErrRunning
	}
	names, err := filepath.Glob(filepath.Join(c.cfg.Dir, id+"*"))
	for _, name := range names {
		if gone := os.Remove(name); gone != nil && !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %s", ErrStorage, reason(err))
	}
	c.mu.Lock()
	c.gone.keep(c.all, id)
	c.mu.Unlock()
	c.log.Info("recording removed", "room", r.room, "recording", id)
	return nil
}

// SetView changes what the mix of a recording shows, while it runs. The file goes on, with pictures of the
// same size. Errors are ErrEnded, and those of room.Handle's SetView.
func (c *Recorder) SetView(room, id string, w views.Wish) (sidecar.Info, error) {
	r, err := c.get(room, id)
	if err != nil {
		return sidecar.Info{}, err
	}
	err = r.show(w)
	return r.Info(), err
}

// Hear takes an event of a room. A call whose room is always recorded begins to be, soon. It does not block.
func (c *Recorder) Hear(e event.Event) {
	if e.Type == event.RoomStarted && c.cfg.Rules != nil {
		c.soon(e.Room)
	}
}

// soon has Run look whether a room is always recorded.
func (c *Recorder) soon(room string) {
	select {
	case c.begun <- room:
	default:
		c.log.Error("too many calls begin at once: one is not recorded if its room says so", "room", room)
	}
}

// automate begins the recording of a call whose room is always recorded.
func (c *Recorder) automate(room string) {
	// In this order, because a next part that has begun runs before the room has nothing that was cut.
	if c.severed.has(room) || len(c.runningInfos(room)) > 0 {
		return
	}
	ruled, err := c.ruled(room)
	if err == nil && ruled.Recorded() {
		_, err = c.Start(room, Options{})
	}
	if err != nil {
		c.log.Error("the call is not recorded, as its room's rules ask for", "room", room, "error", err)
	}
}

// ruled returns what was decided about a room.
func (c *Recorder) ruled(room string) (rules.Terms, error) {
	if c.cfg.Rules == nil {
		return rules.Terms{}, nil
	}
	return c.cfg.Rules(room)
}

// Collectors returns the metrics of recordings.
func (c *Recorder) Collectors() []prometheus.Collector { return []prometheus.Collector{metrics{c}} }

// catchUp saves the final states that could not be saved before.
func (c *Recorder) catchUp() {
	c.mu.Lock()
	all := slices.Collect(maps.Values(c.all))
	c.mu.Unlock()
	for _, r := range all {
		if r.ledger != nil {
			r.ledger.CatchUp()
		}
	}
}
