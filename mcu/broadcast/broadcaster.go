package broadcast

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu"
	"tilemix/mcu/media"
)

// What a caller can be told beside mcu's errors.
var (
	// ErrTooMany is returned where there are as many broadcasts as may be.
	ErrTooMany = errors.New("too many broadcasts at a time")
	// ErrBadRequest is returned to a player that asks for a part that is not the next.
	ErrBadRequest = errors.New("no such segment or part")
)

// Config is how rooms are broadcast. Start from Default.
type Config struct {
	OnDemand bool          // the first player turns a room's broadcast on
	Idle     time.Duration // without a request, after which such a one goes off
	Linger   time.Duration // for which the files of one that ended can still be had
	MaxTotal int           // broadcasts at a time, those that ended and are still there among them
}

// Default broadcasts the rooms that it is told to.
func Default() Config { return Config{Idle: time.Minute, Linger: 30 * time.Second, MaxTotal: 100} }

// handle is what a broadcast needs of its room: a [room.Handle].
type handle interface {
	Attach(sink media.Sink, o media.SinkOptions) (detach func(), err error)
	NotifyBroadcast(on bool)
}

// rooms is what a Broadcaster needs of [mcu.Server].
type rooms[H handle] interface {
	Room(name string) (H, error)
}

// State is what a broadcast does.
type State string

// States of a broadcast. It starts until there is something to play, some two seconds.
const (
	Off      State = "off"
	Starting State = "starting"
	On       State = "on"
)

// Info says what a room's broadcast does.
type Info struct {
	Room            string    `json:"room"`
	State           State     `json:"state"`
	Since           time.Time `json:"since,omitzero"`
	DroppedPictures uint64    `json:"droppedPictures"`
	DroppedPackets  uint64    `json:"droppedPackets"`
}

// Broadcaster keeps the broadcasts of all rooms. It is safe for concurrent use. Run waits
// for its goroutines.
type Broadcaster struct {
	cfg  Config
	find func(room string) (handle, error)
	log  *slog.Logger
	quit chan struct{} // closed when no broadcast may linger any more

	playlists, files, bytes         atomic.Uint64 // that were served
	droppedPictures, droppedPackets atomic.Uint64 // by broadcasts that are no more

	mu       sync.Mutex
	closed   bool
	count    int                   // of broadcasts, with those that linger
	running  map[string]*broadcast // by room
	sessions map[string]*session
	wg       sync.WaitGroup
}

// New returns a Broadcaster without broadcasts.
func New[H handle](cfg Config, rooms rooms[H], log *slog.Logger) *Broadcaster {
	return &Broadcaster{
		cfg: cfg, find: func(room string) (handle, error) { return rooms.Room(room) }, log: log, quit: make(chan struct{}),
		running: make(map[string]*broadcast), sessions: make(map[string]*session),
	}
}

// Run waits until ctx ends; then it ends all broadcasts.
func (c *Broadcaster) Run(ctx context.Context) error {
	<-ctx.Done()
	c.mu.Lock()
	c.closed = true
	for _, b := range c.running {
		b.stop()
	}
	c.mu.Unlock()
	close(c.quit)
	c.wg.Wait()
	return nil
}

// Start turns a room's broadcast on, until it is stopped or the room ends. It tells
// whether it was off.
func (c *Broadcaster) Start(room string) (info Info, begun bool, err error) {
	b, begun, err := c.start(room, false)
	if err != nil {
		return Info{}, false, err
	}
	return b.info(), begun, nil
}

func (c *Broadcaster) start(room string, demand bool) (b *broadcast, begun bool, err error) {
	for {
		b, begun, err = c.add(room, demand)
		if err != nil || !b.over() {
			break
		}
		<-b.done // its room has ended, and may have begun again
	}
	if err != nil || !begun {
		return b, false, err
	}
	if err := b.attach(c.find); err != nil {
		c.remove(b)
		c.release()
		return nil, false, err
	}
	b.log.Info("broadcast begins")
	b.mix.NotifyBroadcast(true)
	go func() {
		defer c.release()
		b.run()
	}()
	return b, true, nil
}

// add returns the room's broadcast, which is made if there is none.
func (c *Broadcaster) add(room string, demand bool) (b *broadcast, made bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.running[room]; b != nil {
		if !demand {
			b.demand.Store(false) // it stays
		}
		return b, false, nil
	}
	switch {
	case c.closed:
		return nil, false, mcu.ErrClosed
	case c.count >= c.cfg.MaxTotal:
		return nil, false, fmt.Errorf("%w: there are %d", ErrTooMany, c.cfg.MaxTotal)
	}
	b = newBroadcast(c, room)
	b.demand.Store(demand)
	c.running[room] = b
	c.count++
	c.wg.Add(1)
	return b, true, nil
}

// remove has the room be off.
func (c *Broadcaster) remove(b *broadcast) {
	c.mu.Lock()
	if c.running[b.room] == b {
		delete(c.running, b.room)
	}
	c.mu.Unlock()
}

// release counts a broadcast out.
func (c *Broadcaster) release() {
	c.mu.Lock()
	c.count--
	c.mu.Unlock()
	c.wg.Done()
}

// Stop turns a room's broadcast off and waits until its playlists say so. One that is off
// stays so.
func (c *Broadcaster) Stop(ctx context.Context, room string) (Info, error) {
	if b := c.get(room); b != nil {
		b.stop()
		select {
		case <-b.done:
		case <-ctx.Done():
		}
	}
	return c.Get(room)
}

// Get tells what a room's broadcast does.
func (c *Broadcaster) Get(room string) (Info, error) {
	if b := c.get(room); b != nil {
		return b.info(), nil
	}
	if _, err := c.find(room); err != nil {
		return Info{}, err
	}
	return Info{Room: room, State: Off}, nil
}

func (c *Broadcaster) get(room string) *broadcast {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running[room]
}

// keep makes a session known under its ID; forget undoes it.
func (c *Broadcaster) keep(s *session) {
	c.mu.Lock()
	c.sessions[s.id] = s
	c.mu.Unlock()
}

func (c *Broadcaster) forget(s *session) {
	c.mu.Lock()
	delete(c.sessions, s.id)
	c.mu.Unlock()
}

func (c *Broadcaster) session(room, id string) *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.sessions[id]; s != nil && s.room == room {
		return s
	}
	return nil
}

// Collectors returns the metrics of all broadcasts.
func (c *Broadcaster) Collectors() []prometheus.Collector { return []prometheus.Collector{metrics{c}} }

func newID() string { return strings.ToLower(rand.Text()[:12]) }
