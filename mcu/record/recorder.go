package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/folder"
	"tilemix/mcu/intake"
)

// What a caller can be told beside mcu's errors.
var (
	// ErrStorage is returned where the folder takes no file.
	ErrStorage = errors.New("recordings cannot be stored")
	// ErrEnded is returned for a change of a recording that has ended.
	ErrEnded = errors.New("the recording has ended")
	// ErrTooMany is returned where there are as many recordings as may be.
	ErrTooMany = errors.New("too many recordings at a time")
	// ErrNoEncoder is returned where FFmpeg, which AAC needs, is not there.
	ErrNoEncoder = errors.New("no AAC encoder")
)

// saveAgain is how often a last state is written down that could not be before.
const saveAgain = time.Minute

// Config is how recordings are made. Start from Default.
type Config struct {
	Dir   string // of all files; made where it is missing
	Audio string // codec: opus, as the room's sound is, or aac, which FFmpeg makes
	Most  int    // recordings at a time
	// Events is told when recordings begin to grow, and when they end. It may be nil.
	Events func(event.Event)
}

// Default records the sound as it is, into ./data.
func Default() Config { return Config{Dir: "data", Audio: "opus", Most: 20} }

// Options are what is asked of one recording.
type Options struct {
	// Tracks asks for what each participant sends, in files of their own.
	Tracks bool `json:"tracks"`
}

// Rooms is what a Recorder needs of [mcu.Server].
type Rooms interface {
	Attach(room string, sink mcu.Sink, o mcu.SinkOptions) (detach func(), err error)
	Tap(room string, t mcu.Tap) (untap func(), err error)
	AskKeyFrames(room string)
	TellRecordings(room string, all []control.Recording)
}

// Recorder keeps the recordings of all rooms, those of earlier runs among them. It
// is safe for concurrent use. Each recording has a goroutine, which Run waits for.
type Recorder struct {
	cfg   Config
	rooms Rooms
	log   *slog.Logger

	mu     sync.Mutex
	closed bool
	all    map[string]*recording
	ready  chan struct{} // closed when all has the recordings of earlier runs
	lock   *os.File      // of the folder; nil while that is not there
	wg     sync.WaitGroup
}

// New returns a Recorder that has to Run: its other methods wait until Run has read the folder.
func New(cfg Config, rooms Rooms, log *slog.Logger) *Recorder {
	return &Recorder{cfg: cfg, rooms: rooms, log: log, all: make(map[string]*recording), ready: make(chan struct{})}
}

// claim makes the folder this process's. Where it is not there, it is nobody's until
// the first recording.
func (c *Recorder) claim() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lock != nil {
		return nil
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
	defer func() { _ = c.lock.Close() }() // a nil File too
	switch err := c.claim(); {
	case errors.Is(err, folder.ErrUsed):
		c.log.Warn("nothing can be recorded while another server has the folder", "error", err)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		c.log.Error("nothing can be recorded", "error", err)
	}
	c.find()
	close(c.ready)
	again := time.NewTicker(saveAgain)
	defer again.Stop()
	for ctx.Err() == nil {
		select {
		case <-again.C:
			c.catchUp()
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

// catchUp writes down the states that could not be before.
func (c *Recorder) catchUp() {
	c.mu.Lock()
	all := slices.Collect(maps.Values(c.all))
	c.mu.Unlock()
	for _, r := range all {
		r.catchUp()
	}
}

// Start begins a recording of a room.
func (c *Recorder) Start(room string, o Options) (Info, error) {
	r, err := c.add(room, o)
	if err != nil {
		return Info{}, err
	}
	if err := c.open(r); err != nil {
		c.drop(r)
		return Info{}, err
	}
	r.log.Info("recording begins", "audio", c.cfg.Audio)
	info := r.Info()
	c.tell(info)
	return r.Info(), nil
}

// add counts a recording in.
func (c *Recorder) add(room string, o Options) (*recording, error) {
	<-c.ready
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, mcu.ErrClosed
	case len(c.running("")) >= c.cfg.Most:
		return nil, fmt.Errorf("%w: there are %d", ErrTooMany, c.cfg.Most)
	}
	now := time.Now().UTC()
	id := now.Format("20060102-150405-") + strings.ToLower(rand.Text()[:8])
	r := &recording{
		id: id, room: room, dir: c.cfg.Dir, queue: intake.NewQueue(mixQueue()),
		log:  c.log.With("room", room, "recording", id),
		wake: make(chan struct{}, 1), done: make(chan struct{}),
		info:    Info{ID: id, Room: room, State: Starting, Started: now, Audio: c.cfg.Audio},
		changed: c.report,
	}
	r.tracks = newTracks(c.cfg.Dir, id, o.Tracks, r.note, r.log)
	c.all[id] = r
	c.wg.Add(1)
	return r, nil
}

// drop counts a recording out that did not begin.
func (c *Recorder) drop(r *recording) {
	c.mu.Lock()
	delete(c.all, r.id)
	c.mu.Unlock()
	c.wg.Done()
}

// open makes the recording's files and has the room fill them.
func (c *Recorder) open(r *recording) error {
	err := os.MkdirAll(c.cfg.Dir, 0o750)
	if err == nil {
		err = c.claim()
	}
	if err != nil {
		return fmt.Errorf("%w: %s", ErrStorage, reason(err))
	}
	if err := r.create(c.cfg); err != nil {
		return err
	}
	err = r.voice.start()
	if err == nil {
		err = r.begin(c.rooms)
	}
	if err != nil {
		_ = r.voice.close(false)
		r.discard()
		return err
	}
	go func() {
		defer c.wg.Done()
		r.run()
	}()
	return nil
}

// running returns the recordings of a room that have not ended, or of all rooms. The
// caller holds c.mu.
func (c *Recorder) running(room string) []*recording {
	var found []*recording
	for _, r := range c.all {
		if (room == "" || r.room == room) && !r.Info().State.Ended() {
			found = append(found, r)
		}
	}
	return found
}

// List returns the recordings of a room, or of all where room is "", the oldest first.
func (c *Recorder) List(room string) []Info {
	<-c.ready
	c.mu.Lock()
	defer c.mu.Unlock()
	all := []Info{}
	for _, r := range c.all {
		if room == "" || r.room == room {
			all = append(all, r.Info())
		}
	}
	slices.SortFunc(all, func(a, b Info) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Get returns a recording of a room, or of any where room is "".
func (c *Recorder) Get(room, id string) (Info, error) {
	r, err := c.get(room, id)
	if err != nil {
		return Info{}, err
	}
	return r.Info(), nil
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

// Stop ends a recording and waits until its file is whole. One that has ended stays as
// it is.
func (c *Recorder) Stop(ctx context.Context, room, id string) (Info, error) {
	r, err := c.get(room, id)
	if err != nil {
		return Info{}, err
	}
	r.stop("")
	select {
	case <-r.done:
	case <-ctx.Done():
	}
	return r.Info(), nil
}

// Pause leaves out what comes from now on, until a recording is to go on.
func (c *Recorder) Pause(room, id string, pause bool) (Info, error) {
	r, err := c.get(room, id)
	if err != nil {
		return Info{}, err
	}
	if pause {
		err = r.pause()
	} else {
		err = r.resume(c.rooms)
	}
	return r.Info(), err
}

// Open opens a recording's file, and tells how much of it is whole. name is that of a
// track, "" for the mix. The caller closes it.
func (c *Recorder) Open(room, id, name string) (f *os.File, size int64, err error) {
	info, err := c.Get(room, id)
	if err != nil {
		return nil, 0, err
	}
	if name == "" {
		name = id + mediaFile
	} else if !info.has(name) {
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

// report tells of a recording's new state.
func (c *Recorder) report(news Info) {
	c.tell(news)
	c.happen(news)
}

// happen tells the outside of a recording's new state.
func (c *Recorder) happen(news Info) {
	if c.cfg.Events == nil {
		return
	}
	kind := event.Type("")
	switch {
	case news.State == Recording && !news.resumed:
		kind = event.RecordingStarted
	case news.State == Finished:
		kind = event.RecordingFinished
	case news.State == Failed:
		kind = event.RecordingFailed
	default:
		return
	}
	e := event.New(kind, news.Room)
	e.Recording = &event.Recording{ID: news.ID, Seconds: news.Length, Bytes: news.Size, Reason: news.Reason}
	c.cfg.Events(e)
}

// tell tells a room which recordings run, and how the one fares that is news.
func (c *Recorder) tell(news Info) {
	c.mu.Lock()
	all := []Info{news}
	for _, r := range c.running(news.Room) {
		if r.id != news.ID {
			all = append(all, r.Info())
		}
	}
	c.mu.Unlock()
	slices.SortFunc(all, func(a, b Info) int { return strings.Compare(a.ID, b.ID) })
	told := make([]control.Recording, len(all))
	for i, a := range all {
		told[i] = control.Recording{ID: a.ID, State: string(a.State), Reason: a.Reason}
	}
	c.rooms.TellRecordings(news.Room, told)
}
