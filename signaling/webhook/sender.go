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

// postQueue is how many events may wait to be written to disk.
const postQueue = 1024

// Sender sends events to all URLs. It is safe for concurrent use. The goroutine of Run writes events
// to disk. One goroutine a URL sends them; Run waits for those.
type Sender struct {
	cfg        Config
	log        *slog.Logger
	lock       *os.File
	deliverers []*deliverer
	in         chan event.Event
	known      map[string]bool // folders of the URLs
	unsaved    bool            // the disk took no event; owned by take
}

// Open locks the folder of the queues, opens those that an earlier run left, and returns a Sender
// that has started nothing. The caller has to call Run, which gives the folder back. The folder
// belongs to one process at a time; without URLs there is none. The error wraps ErrConfig.
func Open(cfg Config, log *slog.Logger) (*Sender, error) {
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
		sp, err := openSpool(filepath.Join(s.cfg.Dir, name), s.cfg.MaxQueued)
		if err != nil {
			return err
		}
		label := label(target, i)
		s.deliverers = append(s.deliverers, &deliverer{
			cfg: s.cfg, target: target, label: label, spool: sp,
			client: newClient(s.cfg), log: s.log.With("webhook", label),
		})
	}
	s.known = known
	return nil
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
	if len(s.deliverers) == 0 {
		return
	}
	select {
	case s.in <- e:
	default:
		for _, c := range s.deliverers {
			c.dropped.Add(1)
		}
	}
}

// Run delivers events until ctx ends. Then each URL's events are tried once more, for Config.Quit at
// most; the next run sends the rest. Callers of Post should have ended before.
func (s *Sender) Run(ctx context.Context) error {
	defer s.lock.Close()
	s.forget()
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	last := make(chan struct{})
	var wg sync.WaitGroup
	for _, c := range s.deliverers {
		wg.Go(func() { c.run(sending, last) })
	}
	s.take(ctx)
	close(last)
	timer := time.AfterFunc(s.cfg.Quit, cancel)
	defer timer.Stop()
	wg.Wait()
	return nil
}

// take writes events to disk until ctx ends, then those that still wait.
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

// save appends an event to the queue of each URL.
func (s *Sender) save(e event.Event) {
	body, err := json.Marshal(e)
	if err != nil {
		s.log.Error("event not sent", "error", err) // every event can be marshalled
		return
	}
	for _, c := range s.deliverers {
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
