package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"tilemix/mcu/event"
	"tilemix/mcu/folder"
)

// postQueue is how many events may wait to be written to disk.
const postQueue = 1024

// Sender sends events to all URLs. It is safe for concurrent use. The goroutine of Run writes events
// to disk. One goroutine a URL sends them; Run waits for those.
type Sender struct {
	cfg     Config // owned by Run
	log     *slog.Logger
	lock    *os.File // of the folder; owned by Run
	in      chan event.Event
	changes chan change
	ended   chan struct{}                // closed when no more is taken
	all     atomic.Pointer[[]*deliverer] // of now; Run changes it
	known   map[string]bool              // folders of the URLs; owned by Run
	unsaved bool                         // the disk took no event; owned by take
}

// change is a wish for another configuration.
type change struct {
	to   Config
	done chan error
}

// Open locks the folder of the queues, opens those that an earlier run left, and returns a Sender
// that has started nothing. The caller has to call Run, which gives the folder back. The folder
// belongs to one process at a time; without URLs there is none. The error wraps ErrConfig.
func Open(cfg Config, log *slog.Logger) (*Sender, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	s := &Sender{log: log, in: make(chan event.Event, postQueue), changes: make(chan change), ended: make(chan struct{})}
	s.all.Store(new([]*deliverer))
	all, err := s.open(cfg)
	if err != nil {
		_ = s.lock.Close() // a nil File too
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	s.use(cfg, all)
	return s, nil
}

// open returns the deliverers of a configuration.
func (s *Sender) open(cfg Config) ([]*deliverer, error) {
	if len(cfg.URLs) > 0 && s.lock == nil {
		if err := os.MkdirAll(cfg.Dir, 0o750); err != nil {
			return nil, err
		}
		var err error
		if s.lock, err = folder.Lock(cfg.Dir); err != nil {
			return nil, err
		}
	}
	return hire(cfg, *s.all.Load(), s.log)
}

// use has a configuration and its deliverers be those of now.
func (s *Sender) use(cfg Config, all []*deliverer) {
	s.cfg, s.known = cfg, map[string]bool{}
	for _, d := range all {
		s.known[folderOf(d.target)] = true
	}
	s.all.Store(&all)
}

// folderOf names the folder of a URL's queue.
func folderOf(target string) string {
	hash := sha256.Sum256([]byte(target))
	return hex.EncodeToString(hash[:8])
}

// Change has events go by another configuration from now on, while the Sender runs. A URL that stays
// keeps its queue, and what is being sent to it may arrive twice. The folder stays. With an error, which
// wraps ErrConfig, all stays as it was.
func (s *Sender) Change(to Config) error {
	if err := to.Check(); err != nil {
		return err
	}
	c := change{to, make(chan error, 1)}
	select {
	case s.changes <- c:
		return <-c.done
	case <-s.ended:
		return nil
	}
}

// replace puts other deliverers in the place of a crew, and returns the crew that sends now.
func (s *Sender) replace(c *crew, to Config) (*crew, error) {
	to.Dir = s.cfg.Dir
	c.end()
	c.stop(0)
	all, err := s.open(to)
	if err != nil {
		return start(c.all), fmt.Errorf("%w: %w", ErrConfig, err)
	}
	s.use(to, all)
	return start(all), nil
}

// label names a URL by its host and number, because the rest may be secret.
func label(target string, i int) string {
	host := ""
	if u, err := url.Parse(target); err == nil {
		host = u.Host
	}
	return fmt.Sprintf("%s#%d", host, i+1)
}

// forget removes events of URLs that are no longer set, once they are too old to be sent. Until then
// the operator may set the URL again.
func (s *Sender) forget() {
	dirs, _ := filepath.Glob(filepath.Join(s.cfg.Dir, "????????????????"))
	for _, dir := range dirs {
		if s.known[filepath.Base(dir)] {
			continue
		}
		if sp, err := openSpool(dir, s.cfg.MaxQueued); err == nil {
			sp.expire(time.Now().Add(-s.cfg.MaxAge))
			_ = os.Remove(dir) // fails unless it is empty
		}
	}
}

// Post queues an event for all URLs. It never blocks; if the queue is full, the event is dropped and
// counted.
func (s *Sender) Post(e event.Event) {
	all := *s.all.Load()
	if len(all) == 0 {
		return
	}
	select {
	case s.in <- e:
	default:
		for _, c := range all {
			c.dropped.Add(1)
		}
	}
}

// Run delivers events until ctx ends. Then each URL's events are tried once more, for Config.Quit at
// most; the next run sends the rest. Callers of Post should have ended before.
func (s *Sender) Run(ctx context.Context) error {
	defer func() { _ = s.lock.Close() }() // a nil File too
	s.forget()
	crew := s.take(ctx, start(*s.all.Load()))
	close(s.ended)
	crew.stop(s.cfg.Quit)
	return nil
}

// take writes events to disk until ctx ends, then those that still wait. It returns the crew that sends
// them. What was posted before a change goes by the configuration of before.
func (s *Sender) take(ctx context.Context, sending *crew) *crew {
	for {
		select {
		case e := <-s.in:
			s.save(e)
		case c := <-s.changes:
			var err error
			s.drain()
			sending, err = s.replace(sending, c.to)
			c.done <- err
		case <-ctx.Done():
			s.drain()
			return sending
		}
	}
}

// drain writes the events that wait to disk.
func (s *Sender) drain() {
	for {
		select {
		case e := <-s.in:
			s.save(e)
		default:
			return
		}
	}
}

// save appends an event to the queue of each URL.
func (s *Sender) save(e event.Event) {
	body, err := json.Marshal(e)
	if err != nil {
		s.log.Error("event not sent", "error", err) // every event can be marshalled
		return
	}
	for _, c := range *s.all.Load() {
		n, err := c.spool.push(body, e.Time)
		if n > 0 && c.dropped.Add(uint64(n)) == uint64(n) {
			c.log.Error("webhook queue is full, the oldest events are dropped", "events", s.cfg.MaxQueued)
		}
		if err != nil && !s.unsaved {
			s.log.Error("webhook events are in memory only", "error", err)
		}
		s.unsaved = err != nil
	}
}
