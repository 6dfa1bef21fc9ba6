package webhook

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"time"
)

// crew is the deliverers of all URLs while they run.
type crew struct {
	all  []*deliverer
	last chan struct{} // closed when what waits is tried once more
	end  func()        // cancels what is being sent
	wg   sync.WaitGroup
}

// hire returns the deliverers of a configuration, in the order of its URLs. A URL that has been served
// before keeps its queue and its counters. It starts nothing.
func hire(cfg Config, before []*deliverer, log *slog.Logger) (all []*deliverer, err error) {
	was := map[string]*deliverer{}
	for _, d := range before {
		was[d.target] = d
	}
	for i, target := range cfg.URLs {
		label := label(target, i)
		d := &deliverer{cfg: cfg, target: target, label: label, client: newClient(cfg), log: log.With("webhook", label)}
		if old := was[target]; old != nil {
			d.spool = old.spool
			d.delivered.Store(old.delivered.Load())
			d.failed.Store(old.failed.Load())
			d.dropped.Store(old.dropped.Load())
			d.refusals.Store(old.refusals.Load())
		} else if d.spool, err = openSpool(filepath.Join(cfg.Dir, folderOf(target)), cfg.MaxQueued); err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// start has deliverers send.
func start(all []*deliverer) *crew {
	c := &crew{all: all, last: make(chan struct{})}
	var ctx context.Context
	ctx, c.end = context.WithCancel(context.Background())
	for _, d := range all {
		c.wg.Go(func() { d.run(ctx, c.last) })
	}
	return c
}

// stop has what waits be tried once more, for a time at most, and waits for all deliverers.
func (c *crew) stop(within time.Duration) {
	close(c.last)
	timer := time.AfterFunc(within, c.end)
	defer timer.Stop()
	c.wg.Wait()
	c.end()
}
