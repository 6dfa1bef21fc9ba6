package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"tilemix/signaling/cluster/bus"
	"tilemix/signaling/cluster/directory"
	"tilemix/signaling/cluster/seal"
)

const (
	relist   = 5 * time.Second // between two lists of rooms that have not changed
	settling = 2 * time.Second // after the start, for other nodes to be heard before a room begins here
	asking   = time.Second     // for the arbiter of a name to answer
	tries    = 3               // to ask an arbiter, and to reach a home
)

// Subjects of messages. Those that end in a dot are followed by a node's ID.
const (
	ofBeats = "tm.beat"
	ofRooms = "tm.rooms"
	ofHello = "tm.hello"
	ofEnd   = "tm.end"
	toPlace = "tm.place."
	toKeep  = "tm.keep."
	toTake  = "tm.take."
)

// ErrID is returned for a text that cannot be the ID of a node.
var ErrID = errors.New("the ID of a node has 1 to 64 letters, digits, dots and hyphens")

var wellFormed = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$`)

// Config is what a node says of itself, and what it needs of its server. No function may be nil.
type Config struct {
	ID       string
	Run      string // of this process, unlike that of any other
	Version  string // of the program
	URL      string // for clients
	Inside   string // host:port of Listener for other nodes
	Above    int    // clients of a room at its home, from which further viewers receive it by relays; 0: none do
	Redirect bool   // clients of WHIP and WHEP without a token go to their home themselves
	Alone    bool   // no other node is named, so none is waited for at the start
	Key      *seal.Key
	Most     int     // rooms
	Limit    float64 // of the load, 0 to 1, from which it gets no new room; 1: there is none

	Listener net.Listener                     // takes requests of other nodes, without TLS
	Has      func(room string) bool           // this server has a room, or somebody waits for it
	Holds    func(recording string) bool      // the recording of this ID is here
	Entered  func(room string) int            // clients that have entered a room of this server
	Relays   func() map[string]int            // viewers of each room that this server relays
	People   func() map[string]int            // in each room, those with a seat
	Load     func() (cores int, load float64) // of the machine
	Draining func() bool
	Shelf    Shelf // of what outlives the calls in rooms; nil: each node has its own
	// Adopt takes what a room had at its home, which is dead or gives it away, before the room begins here, unless
	// it runs here too. It must not block.
	Adopt func(room string, runs bool, left map[string]json.RawMessage)
	// Relocate tells the clients of a room that it goes on at a node, whose URL for clients this is. It must
	// not block, and may be called again.
	Relocate func(room, url string)
}

// Bus is what a cluster needs of [bus.Bus].
type Bus interface {
	Hear(subject string, f func(subject string, data []byte))
	Answer(subject string, f func(data []byte) []byte)
	Publish(subject string, data []byte) error
	Ask(ctx context.Context, subject string, data []byte) ([]byte, error)
	Connected() bool
	Refused() uint64
	Run(ctx context.Context) error
}

// Cluster is one node of a cluster. It is safe for concurrent use.
type Cluster struct {
	cfg    Config
	log    *slog.Logger
	bus    Bus
	roster *roster
	spread *spread
	keeper *keeper
	mover  *mover
	books  *books
	Relays *Relays

	beginning sync.Mutex    // held while a room is adopted
	news      chan struct{} // the list of rooms has changed; holds one
	settled   chan struct{} // closed once rooms may begin
	settle    func()
	number    atomic.Uint64 // of the last beat
	adopted   atomic.Uint64 // rooms that another node had
	heard     atomic.Int64  // when the first other node was, Unix ns; 0: none was
	twin      sync.Once
	noted     sync.Map // texts that were logged
}

// New returns a node. It starts nothing. The error is ErrID, or that of the key.
func New(cfg Config, b Bus, log *slog.Logger) (*Cluster, error) {
	if !wellFormed.MatchString(cfg.ID) {
		return nil, fmt.Errorf("%w, not %q", ErrID, cfg.ID)
	}
	c := &Cluster{
		cfg: cfg, log: log, bus: b, roster: newRoster(cfg.ID, cfg.Run), keeper: newKeeper(),
		news: make(chan struct{}, 1), settled: make(chan struct{}),
	}
	c.mover, c.Relays = newMover(c), newRelays(c)
	c.settle = sync.OnceFunc(func() { close(c.settled) })
	secure, err := cfg.Key.TLS(time.Now())
	if err != nil {
		return nil, err
	}
	c.spread = newSpread(c, secure)
	c.books = newBooks(c, c.spread.wire)
	b.Hear(ofBeats, c.hearBeat)
	b.Hear(ofRooms, c.hearRooms)
	b.Hear(ofHello, func(string, []byte) { c.Changed() })
	b.Hear(ofEnd, c.hearEnd)
	b.Answer(toPlace+cfg.ID, c.answerPlace)
	b.Answer(toTake+cfg.ID, c.mover.take)
	b.Hear(toKeep+cfg.ID, c.hearRecord)
	return c, nil
}

// Spread returns what takes requests of clients: it serves those for this node's rooms by site, and
// hands on those for other nodes'. The caller calls it once, before Run.
func (c *Cluster) Spread(site http.Handler) http.Handler {
	c.spread.site = site
	return c.spread
}

// Changed says that rooms have begun or ended, or that people have come or gone. It never blocks.
func (c *Cluster) Changed() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// Run takes part in the cluster until ctx ends, and then tells the others.
func (c *Cluster) Run(ctx context.Context) error {
	away, stop := context.WithCancel(context.WithoutCancel(ctx)) // the last beat still leaves
	defer stop()
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return c.bus.Run(away) })
	group.Go(func() error { return c.spread.serve(running) })
	group.Go(func() error {
		defer stop()
		c.beats(running)
		return nil
	})
	defer c.books.at.Wait()
	defer c.mover.at.Wait()
	return group.Wait()
}

// beats says how this node is until ctx ends.
func (c *Cluster) beats(ctx context.Context) {
	tick := time.NewTicker(directory.Every)
	defer tick.Stop()
	begun := time.Now()
	var listed time.Time
	for {
		now := time.Now()
		c.beat(now)
		nodes := c.roster.all(now)
		if now.Sub(begun) >= settling || c.cfg.Alone || c.met(now) && c.books.agree(nodes) {
			c.settle()
		}
		c.books.look(ctx, c.cfg.ID, nodes, now)
		again := now.Sub(listed) >= relist
		if again {
			listed = now
			c.list(now)
		}
		c.send(again, now)
		c.spread.watch(now)
		c.mover.look(ctx, c.cfg.People(), now)
		select {
		case <-tick.C:
		case <-c.news:
			c.list(time.Now())
		case <-ctx.Done():
			c.tell(ofEnd, directory.Beat{ID: c.cfg.ID, Run: c.cfg.Run})
			return
		}
	}
}

// met tells whether this node has known another for long enough to have its rooms.
func (c *Cluster) met(now time.Time) bool {
	heard := c.heard.Load()
	return heard != 0 && now.Sub(time.Unix(0, heard)) >= 2*directory.Every
}

// Collector returns the metrics of the cluster, as this node knows it.
func (c *Cluster) Collector() prometheus.Collector { return metrics{c} }

// tell sends a message to the other nodes. While the bus is away, there is nobody to tell.
func (c *Cluster) tell(subject string, message any) {
	data, err := json.Marshal(message)
	if err != nil {
		c.log.Error("message of the cluster", "subject", subject, "error", err)
		return
	}
	if err := c.bus.Publish(subject, data); err != nil && !errors.Is(err, bus.ErrAway) {
		c.log.Debug("message of the cluster", "subject", subject, "error", err)
	}
}

func (c *Cluster) beat(now time.Time) {
	b := directory.Beat{
		ID: c.cfg.ID, Run: c.cfg.Run, Number: c.number.Add(1), Protocol: directory.Protocol, Version: c.cfg.Version,
		State: directory.Serving, Inside: c.cfg.Inside, URL: c.cfg.URL, Most: c.cfg.Most, Limit: c.cfg.Limit,
		Books: c.books.digest(),
	}
	if c.cfg.Draining() {
		b.State = directory.Draining
	}
	b.Cores, b.Load = c.cfg.Load()
	for _, n := range c.cfg.People() {
		b.People += n
	}
	_, _ = c.roster.hear(b, now) // its own beats are new, and of its own version
	c.tell(ofBeats, b)
}

// rooms is a list of a node's rooms, or a part of one.
type rooms struct {
	ID    string           `json:"id"`
	Run   string           `json:"run"`
	Rooms []directory.Room `json:"rooms"`
	// Relays is how many viewers each room has that the node relays.
	Relays map[string]int `json:"relays,omitempty"`
}

func (c *Cluster) list(now time.Time) {
	c.tell(ofRooms, rooms{c.cfg.ID, c.cfg.Run, c.roster.own(c.cfg.People(), c.mover.going(), now), c.cfg.Relays()})
}

func (c *Cluster) hearBeat(_ string, data []byte) {
	var b directory.Beat
	if json.Unmarshal(data, &b) != nil || !wellFormed.MatchString(b.ID) {
		return
	}
	if b.ID == c.cfg.ID {
		if b.Run != c.cfg.Run {
			c.twin.Do(func() {
				c.log.Error("another node has this one's ID: the others know only the one that began first. Give one another by --cluster-id", "id", b.ID, "other", b.URL)
			})
		}
		return
	}
	fresh, err := c.roster.hear(b, time.Now())
	if err != nil {
		if _, noted := c.noted.LoadOrStore(b.ID+" "+b.Run, true); !noted {
			c.log.Error("a node is refused", "id", b.ID, "url", b.URL, "reason", err)
		}
		return
	}
	if fresh {
		c.log.Info("a node is there", "id", b.ID, "url", b.URL, "version", b.Version)
		c.tell(ofHello, rooms{ID: c.cfg.ID})
		c.Changed()
		c.heard.CompareAndSwap(0, time.Now().UnixNano())
	}
}

func (c *Cluster) hearRooms(_ string, data []byte) {
	var l rooms
	if json.Unmarshal(data, &l) == nil && l.ID != c.cfg.ID {
		c.roster.list(l.ID, l.Run, l.Rooms)
		if n, known := c.roster.node(l.ID, time.Now()); known && n.Run == l.Run {
			c.Relays.hear(l.ID, l.Relays)
		}
	}
}

func (c *Cluster) hearEnd(_ string, data []byte) {
	var b directory.Beat
	if json.Unmarshal(data, &b) == nil && b.ID != c.cfg.ID {
		c.log.Info("a node has stopped", "id", b.ID)
		c.roster.bury(b.ID, b.Run)
		c.spread.cut(b.ID)
	}
}
