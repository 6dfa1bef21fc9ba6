package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/folder"
	"tilemix/mcu/intake"
	"tilemix/mcu/policy"
	"tilemix/mcu/record/sidecar"
)

// saveAgain is the time between two attempts to save final states that could not be saved.
const saveAgain = time.Minute

// patrolEvery is the time between two looks at the bounds of recordings that run.
const patrolEvery = time.Second

// Recorder has the recordings of all rooms, those of earlier runs among them. It is safe for concurrent
// use. Each recording that runs has three goroutines, for its mix, its tracks and the file beside it; Run
// waits for them.
type Recorder struct {
	*bounds
	cfg  Config
	room func(name string) (handle, error)
	log  *slog.Logger
	news announcer

	mu      sync.Mutex
	closed  bool
	begun   chan string           // rooms in which a call has begun
	all     map[string]*recording // by ID
	live    map[string]*recording // those of them that have goroutines
	gone    tally                 // of this run's that are no more in all
	doomed  map[string]bool       // those that a dry run has named
	ready   chan struct{}         // closed when all has the recordings of earlier runs
	lock    *os.File              // of the folder; nil while that is not there
	former  []*os.File            // locks of folders that were taken away
	severed cut                   // by a crash, and not continued yet
	wg      sync.WaitGroup
}

// New returns a Recorder that has to Run: its other methods wait until Run has read the folder.
func New[H handle](cfg Config, rooms rooms[H], log *slog.Logger) *Recorder {
	room := func(name string) (handle, error) { return rooms.Room(name) }
	c := &Recorder{bounds: newBounds(cfg.Ceilings), cfg: cfg, room: room, log: log, ready: make(chan struct{}), begun: make(chan string, 64)}
	c.all, c.live, c.doomed = make(map[string]*recording), make(map[string]*recording), make(map[string]bool)
	c.news = announcer{room: room, events: cfg.Events, spans: cfg.Spans, running: c.runningInfos, journal: cfg.Journal}
	return c
}

// claim locks the folder for this process. A missing folder belongs to no process until the first
// recording. One that was taken away, and made anew, is locked anew.
func (c *Recorder) claim() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lock != nil {
		if !folder.Taken(c.lock) {
			return nil
		}
		// Recordings may still write into the folder that was, so that stays locked.
		c.former, c.lock = append(c.former, c.lock), nil
	}
	lock, err := folder.Lock(c.cfg.Dir)
	if err != nil {
		return err
	}
	c.lock = lock
	return nil
}

// Run reads the folder and repairs what the end of a server cut off. When ctx ends, it ends all
// recordings and waits for their files. The folder belongs to one process at a time, until Run
// returns. If another process has it, its recordings grow and are left alone. That, and a folder that
// cannot be read, is an error of every Start, not of Run, because calls go on without recordings.
func (c *Recorder) Run(ctx context.Context) error {
	defer c.unlock()
	switch err := c.claim(); {
	case errors.Is(err, folder.ErrUsed):
		c.log.Warn("nothing can be recorded while another server has the folder", "error", err)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		c.log.Error("nothing can be recorded", "error", err)
	}
	c.find()
	c.prune(time.Now())
	close(c.ready)
	again, round := time.NewTicker(saveAgain), time.NewTicker(patrolEvery)
	defer again.Stop()
	defer round.Stop()
	for ctx.Err() == nil {
		select {
		case <-again.C:
			c.catchUp()
			c.prune(time.Now())
		case <-c.rebound:
			c.prune(time.Now())
		case now := <-round.C:
			c.patrol(now)
		case room := <-c.begun:
			c.automate(room)
		case <-ctx.Done():
		}
	}
	c.mu.Lock()
	c.closed = true
	running := c.running("")
	c.mu.Unlock()
	for _, r := range running {
		r.stop("the server was stopped")
	}
	c.wg.Wait()
	c.catchUp()
	return nil
}

// unlock leaves the folder to other processes.
func (c *Recorder) unlock() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range append(c.former, c.lock) {
		_ = f.Close() // a nil File too
	}
}

// patrol ends the recordings that have come to a bound, or whose files were taken away.
func (c *Recorder) patrol(now time.Time) {
	c.mu.Lock()
	running := c.running("")
	c.mu.Unlock()
	if len(running) == 0 {
		return
	}
	full, longest := c.space(c.cfg.Dir), c.now.Load().MaxLength
	for _, r := range running {
		switch {
		case full != "":
			r.stop(full)
		case longest > 0 && now.Sub(r.began) >= longest:
			r.stop(fmt.Sprintf("it has run for %v (--max-recording)", longest))
		case r.taken():
			r.stop(errTaken.Error())
		}
	}
}

// find adds the recordings of earlier runs.
func (c *Recorder) find() {
	r := repairer{dir: c.cfg.Dir, ours: c.lock != nil, log: c.log}
	r.repaired = func(i sidecar.Info, was sidecar.State) {
		if c.news.emit(i, false); time.Since(i.Ended) < reach {
			c.severed.add(severed{i, was == sidecar.Paused})
		}
	}
	found := r.find()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, i := range found {
		done := make(chan struct{})
		close(done)
		c.all[i.ID] = &recording{id: i.ID, room: i.Room, dir: c.cfg.Dir, info: i, done: done}
	}
}

// Start begins a recording of a room.
func (c *Recorder) Start(room string, o Options) (sidecar.Info, error) {
	r, err := c.add(room, o)
	if err != nil {
		return sidecar.Info{}, err
	}
	if err := c.open(r); err != nil {
		c.drop(r)
		return sidecar.Info{}, err
	}
	r.log.Info("recording begins", "audio", c.cfg.Audio)
	c.news.tell(r.Info())
	return r.Info(), nil
}

// add adds a recording that is to begin.
func (c *Recorder) add(room string, o Options) (*recording, error) {
	<-c.ready
	ruled, err := c.ruled(room)
	bound := c.now.Load()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case c.closed:
		return nil, mcu.ErrClosed
	case !ruled.MayRecord():
		return nil, fmt.Errorf("%w: the rules of the room say that it is not recorded", policy.ErrForbidden)
	case len(c.running("")) >= bound.MaxTotal:
		return nil, fmt.Errorf("%w: the server has %d (--max-recordings). End one first", ErrTooMany, bound.MaxTotal)
	case bound.MaxRoom > 0 && len(c.running(room)) >= bound.MaxRoom:
		return nil, fmt.Errorf("%w: the room has %d (--max-room-recordings). End one first", ErrTooMany, bound.MaxRoom)
	}
	now := time.Now().UTC()
	id := now.Format("20060102-150405-") + strings.ToLower(rand.Text()[:8])
	r := &recording{
		id: id, room: room, dir: c.cfg.Dir, began: time.Now(), queue: intake.NewQueue(mixQueue()), mix: &mixFile{cell: c.cfg.Cell},
		log:  c.log.With(o.named(room, id)...),
		wake: make(chan struct{}, 1), done: make(chan struct{}),
		info:    sidecar.Info{ID: id, Room: room, State: sidecar.Starting, Started: now, Audio: c.cfg.Audio, View: o.View.String()},
		view:    o.View,
		changed: c.news.report,
	}
	o.describe(&r.info)
	r.mix.grown, r.mix.resumed = r.grown, r.resumed
	r.ledger = sidecar.NewLedger(c.cfg.Dir, r.Info, r.log)
	r.tracks = newTracks(newTimeline(c.cfg.Dir, id, r.ledger.Note, r.log), o.Tracks)
	c.all[id], c.live[id] = r, r
	c.wg.Add(1)
	return r, nil
}

// drop removes a recording that did not begin.
func (c *Recorder) drop(r *recording) {
	c.mu.Lock()
	c.gone.keep(c.all, r.id)
	delete(c.live, r.id)
	c.mu.Unlock()
	c.wg.Done()
}

// open makes the recording's files and attaches it to its room.
func (c *Recorder) open(r *recording) error {
	err := os.MkdirAll(c.cfg.Dir, 0o750)
	if err == nil {
		err = c.claim()
	}
	if err != nil {
		return fmt.Errorf("%w: %s", ErrStorage, reason(err))
	}
	if full := c.space(c.cfg.Dir); full != "" {
		return fmt.Errorf("%w: %s", ErrStorage, full)
	}
	if r.source, err = c.room(r.room); err != nil {
		return err
	}
	if err := r.create(); err != nil {
		return err
	}
	if err := r.begin(); err != nil {
		r.discard()
		return err
	}
	go func() {
		defer c.wg.Done()
		r.run()
		c.mu.Lock()
		delete(c.live, r.id)
		c.mu.Unlock()
		c.nudge() // it may be one too many
	}()
	return nil
}

// Stop ends a recording and waits until its file is whole, or for ctx. A recording that has ended stays
// as it is.
func (c *Recorder) Stop(ctx context.Context, room, id string) (sidecar.Info, error) {
	r, err := c.get(room, id)
	if err != nil {
		return sidecar.Info{}, err
	}
	r.stop("")
	select {
	case <-r.done:
	case <-ctx.Done():
	}
	return r.Info(), nil
}

// Pause pauses a recording, or lets it go on.
func (c *Recorder) Pause(room, id string, pause bool) (sidecar.Info, error) {
	r, err := c.get(room, id)
	if err != nil {
		return sidecar.Info{}, err
	}
	if pause {
		err = r.pause()
	} else {
		err = r.resume()
	}
	return r.Info(), err
}
