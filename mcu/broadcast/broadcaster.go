package broadcast

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu"
	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/journal"
	"tilemix/mcu/ladder"
	"tilemix/mcu/media"
	"tilemix/mcu/views"
)

// Errors of a Broadcaster, beside those of package mcu.
var (
	// ErrTooMany is returned if there are Config.MaxTotal broadcasts.
	ErrTooMany = errors.New("too many broadcasts at a time")
	// ErrBadRequest is returned to a player that asks for a part that is not the next.
	ErrBadRequest = errors.New("no such segment or part")
	// ErrRendition is returned to a wish for a rendition or a codec of sound that there is not.
	ErrRendition = errors.New("no such rendition")
	// ErrOther is returned to a wish for other renditions or sound than a broadcast has that is on.
	ErrOther = errors.New("the broadcast is on with other renditions or other sound: end it, then start it anew")
)

// Config has the settings of a Broadcaster. Start from Default.
type Config struct {
	OnDemand bool          // the first player starts a room's broadcast
	Idle     time.Duration // without a request, until such a broadcast stops
	Linger   time.Duration // time for which files are served after the end
	MaxTotal int           // broadcasts at a time, with those that linger
	// Renditions and Audio are those of broadcasts whose Options have none.
	Renditions, Audio []string
	Cell              *ffmpeg.Cell // that locks FFmpeg in, which makes AAC; nil: nothing does
	// Journal keeps where broadcasts stand, and Left returns, once, what another server has left in it by a key,
	// so that players go on. nil: they begin anew.
	Journal *journal.Journal
	Left    func(key string) json.RawMessage
}

// Default starts broadcasts on request only.
func Default() Config { return Config{Idle: time.Minute, Linger: 30 * time.Second, MaxTotal: 100} }

// handle is what a broadcast needs of its room: a [room.Handle].
type handle interface {
	AudioChannels() int
	Rungs(w views.Wish) ([]ladder.Rung, error)
	Attach(sink media.Sink, o media.SinkOptions) (detach func(), err error)
	SetView(sink media.Sink, w views.Wish) error
	NotifyBroadcast(on bool)
}

// Options are the wishes for one broadcast.
type Options struct {
	// View is what it shows; nil: what it showed before, and the room's view at its start.
	View *views.Wish `json:"view,omitempty"`
	// Renditions are what players choose from: heights of the view's ladder, such as 720p, and audio. nil:
	// those of Config. Without any, it is the full picture.
	Renditions []string `json:"renditions,omitempty"`
	// Audio are the codecs of the sound: opus, or opus and aac. nil: those of Config. Without any, it is Opus.
	Audio []string `json:"audio,omitempty"`
}

// rooms is what a Broadcaster needs of [mcu.Server].
type rooms[H handle] interface {
	Room(name string) (H, error)
}

// State is the state of a broadcast.
type State string

// States. A broadcast is Starting until players can play it, for about two seconds.
const (
	Off      State = "off"
	Starting State = "starting"
	On       State = "on"
)

// Info describes the broadcast of a room.
type Info struct {
	Room            string    `json:"room"`
	State           State     `json:"state"`
	Since           time.Time `json:"since,omitzero"`
	Viewers         int       `json:"viewers"`        // players that ask for playlists
	View            string    `json:"view,omitempty"` // a name or JSON, see views.Parse
	Renditions      []string  `json:"renditions,omitempty"`
	Audio           []string  `json:"audio,omitempty"`  // codecs
	Notice          string    `json:"notice,omitempty"` // why something that was wished is left out
	DroppedPictures uint64    `json:"droppedPictures"`
	DroppedPackets  uint64    `json:"droppedPackets"`
}

// Broadcaster has the broadcasts of all rooms. It is safe for concurrent use. Run waits for their goroutines.
type Broadcaster struct {
	cfg                     Config
	find                    func(room string) (handle, error)
	log                     *slog.Logger
	quit                    chan struct{} // closed when Run ends; then no broadcast lingers
	playlists, files, bytes atomic.Uint64 // served
	told                    atomic.Bool   // the log says that FFmpeg is missing

	mu       sync.Mutex
	closed   bool
	count    int                   // of broadcasts, with those that linger
	running  map[string]*broadcast // by room
	sessions map[string]*session
	memory   memory
	wg       sync.WaitGroup
	dropped  struct{ pictures, packets uint64 } // by broadcasts that have ended
}

// New returns a Broadcaster without broadcasts. It starts nothing.
func New[H handle](cfg Config, rooms rooms[H], log *slog.Logger) *Broadcaster {
	return &Broadcaster{
		cfg: cfg, find: func(room string) (handle, error) { return rooms.Room(room) }, log: log, quit: make(chan struct{}),
		running: make(map[string]*broadcast), sessions: make(map[string]*session),
		memory: memory{journal: cfg.Journal, left: cfg.Left},
	}
}

// Run waits until ctx ends. Then it ends all broadcasts and waits for them.
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

// Start starts the broadcast of a room, which runs until Stop or the end of the room. begun says
// that it was off before. Else it gets the view of the options. mcu.ErrNotFound says that there is no such
// room. Errors about the view are those of room.Handle's SetView; others are ErrRendition and ErrOther.
func (c *Broadcaster) Start(room string, o Options) (info Info, begun bool, err error) {
	b, begun, err := c.start(room, o, false)
	if err == nil && !begun {
		err = b.change(o)
	}
	if err != nil {
		return Info{}, false, err
	}
	return b.info(), begun, nil
}

// SetView changes what a broadcast shows, while it is on. Errors are mcu.ErrNotFound for one that is
// off, and those of room.Handle's SetView.
func (c *Broadcaster) SetView(room string, w views.Wish) (Info, error) {
	b := c.get(room)
	if b == nil {
		return Info{}, fmt.Errorf("broadcast of room %q: %w", room, mcu.ErrNotFound)
	}
	if err := b.show(w); err != nil {
		return Info{}, err
	}
	return b.info(), nil
}

func (c *Broadcaster) start(room string, o Options, demand bool) (b *broadcast, begun bool, err error) {
	for {
		b, begun, err = c.add(room, demand)
		if err != nil || !b.over() {
			break
		}
		<-b.done // its room has ended, and a room of that name may have begun
	}
	if err != nil || !begun {
		return b, false, err
	}
	if o.Renditions == nil {
		o.Renditions = c.cfg.Renditions
	}
	if o.Audio == nil {
		o.Audio = c.cfg.Audio
	}
	if err := b.attach(c.find, o); err != nil {
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

// add returns the broadcast of a room. It makes one if there is none.
func (c *Broadcaster) add(room string, demand bool) (b *broadcast, made bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.running[room]; b != nil {
		if !demand {
			b.demand.Store(false) // it runs until Stop
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

// remove takes the broadcast from those that run.
func (c *Broadcaster) remove(b *broadcast) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.running, b.room)
	pictures, packets := b.dropped()
	c.dropped.pictures, c.dropped.packets = c.dropped.pictures+pictures, c.dropped.packets+packets
}

// release counts out a broadcast that has ended.
func (c *Broadcaster) release() {
	c.mu.Lock()
	c.count--
	c.mu.Unlock()
	c.wg.Done()
}

// Stop stops the broadcast of a room and waits until its playlists have ended, or until ctx
// ends. It does nothing if the broadcast is off.
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

// Get describes the broadcast of a room. mcu.ErrNotFound says that there is no such room.
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

// keep serves the files of a session under its ID until forget.
func (c *Broadcaster) keep(s *session) {
	c.mu.Lock()
	c.sessions[s.id] = s
	c.mu.Unlock()
}

func (c *Broadcaster) forget(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.sessions, s.id)
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
