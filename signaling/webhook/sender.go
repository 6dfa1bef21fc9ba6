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
	"sync"
	"time"

	"tilemix/mcu/event"
	"tilemix/mcu/folder"
)

// postQueue is how many events may wait to be written down.
const postQueue = 1024

// Sender tells all URLs of events. It is safe for concurrent use. Its goroutines are one
// that writes events down, Run's, and one for each URL, which Run waits for.
type Sender struct {
	cfg      Config
	log      *slog.Logger
	lock     *os.File
	couriers []*courier
	in       chan event.Event
	unsaved  bool // the disk took no event; owned by take
}

// New returns a Sender with its queues open, which has to Run. The folder of the queues
// belongs to one process at a time. Without URLs it needs none.
func New(cfg Config, log *slog.Logger) (*Sender, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Sender{cfg: cfg, log: log, in: make(chan event.Event, postQueue)}
	if err := s.open(); err != nil {
		_ = s.lock.Close() // a nil File too
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return s, nil
}

func (s *Sender) open() error {
	if len(s.cfg.URLs) == 0 {
		return nil
	}
	if err := os.MkdirAll(s.cfg.Dir, 0o750); err != nil {
		return err
	}
	var err error
	if s.lock, err = folder.Lock(s.cfg.Dir); err != nil {
		return err
	}
	known := map[string]bool{}
	for i, target := range s.cfg.URLs {
		hash := sha256.Sum256([]byte(target))
		name := hex.EncodeToString(hash[:8])
		known[name] = true
		sp, err := openSpool(filepath.Join(s.cfg.Dir, name), s.cfg.Most)
		if err != nil {
			return err
		}
		label := label(target, i)
		s.couriers = append(s.couriers, &courier{
			cfg: s.cfg, target: target, label: label, spool: sp,
			client: newClient(s.cfg), log: s.log.With("webhook", label),
		})
	}
	s.forget(known)
	return nil
}

// label names a URL without what may be secret in it: by its host and number.
func label(target string, i int) string {
	host := ""
	if u, err := url.Parse(target); err == nil {
		host = u.Host
	}
	return fmt.Sprintf("%s#%d", host, i+1)
}

// forget removes what waits for URLs that are no more, once it is too old to be sent.
// Until then they may come back.
func (s *Sender) forget(known map[string]bool) {
	dirs, _ := filepath.Glob(filepath.Join(s.cfg.Dir, "????????????????"))
	for _, dir := range dirs {
		if known[filepath.Base(dir)] {
			continue
		}
		if sp, err := openSpool(dir, s.cfg.Most); err == nil {
			sp.expire(time.Now().Add(-s.cfg.MaxAge))
			_ = os.Remove(dir) // where it is empty
		}
	}
}

// Post tells all URLs of an event, sooner or later. It never blocks.
func (s *Sender) Post(e event.Event) {
	if len(s.couriers) == 0 {
		return
	}
	select {
	case s.in <- e:
	default:
		for _, c := range s.couriers {
			c.dropped.Add(1)
		}
	}
}

// Run delivers until ctx ends. Then it tries what is left once more, for Config.Quit
// at most; the rest is for the next run. Whatever posts events should have ended before.
func (s *Sender) Run(ctx context.Context) error {
	defer s.lock.Close()
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	last := make(chan struct{})
	var wg sync.WaitGroup
	for _, c := range s.couriers {
		wg.Go(func() { c.run(sending, last) })
	}
	s.take(ctx)
	close(last)
	timer := time.AfterFunc(s.cfg.Quit, cancel)
	defer timer.Stop()
	wg.Wait()
	return nil
}

// take writes events down until ctx ends, and those that wait then.
func (s *Sender) take(ctx context.Context) {
	for {
		select {
		case e := <-s.in:
			s.save(e)
		case <-ctx.Done():
			for {
				select {
				case e := <-s.in:
					s.save(e)
				default:
					return
				}
			}
		}
	}
}

// save puts an event into all queues.
func (s *Sender) save(e event.Event) {
	body, err := json.Marshal(e)
	if err != nil {
		s.log.Error("event not told", "error", err) // no event is such
		return
	}
	for _, c := range s.couriers {
		n, err := c.spool.push(body, e.Time)
		if n > 0 && c.dropped.Add(uint64(n)) == uint64(n) {
			c.log.Error("webhook queue is full, the oldest events are dropped", "events", s.cfg.Most)
		}
		if err != nil && !s.unsaved {
			s.log.Error("webhook events are in memory only", "error", err)
		}
		s.unsaved = err != nil
	}
}
