package worker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"tilemix/codec/limit"
	"tilemix/mcu/backoff"
	"tilemix/mcu/sandbox"
)

// Config is what workers are started with.
type Config struct {
	// Args is the command line, from the program's name on, with which this program calls
	// [Child.Serve].
	Args   []string
	Limits limit.Limits // of decoders, as the Child has them
	Tile   int          // pixels of the largest tile
	// Patience is how long a decoder may take for an access unit, and 4 s more at most where its worker waits for
	// the processor. 0: 400 ms.
	Patience time.Duration
	// Instant is how long all voices of a room wait for their worker in a tick of 20 ms. 0: 3 ms.
	Instant time.Duration
	// Deaths is how many workers a decoder may end within a minute; the last one ends the decoder too. 0: 3.
	Deaths int
	Full   bool // Run fails where a layer of the sandbox is missing
	Log    *slog.Logger
}

// Isolation says in which processes cameras are decoded. The zero value is the server's own.
type Isolation struct {
	// Args is the command line, from the program's name on, with which this program is a codec
	// worker. nil: there is none.
	Args   []string
	Shared bool // all rooms share workers; otherwise each room has its own
	Full   bool // the server fails where a layer of the workers' sandbox is missing
	// Deaths is Config.Deaths. A program that ends workers from outside sets more than a camera can be blamed for.
	Deaths int
}

// Stats counts what became of workers.
type Stats struct {
	Workers int64 // that run now, with those that are spare
	// Crashes and Hangs are deaths of workers, and Refused decoders that caused too many.
	Crashes, Hangs, Refused uint64
	Failures                uint64 // starts that failed
	Starved                 uint64 // access units for which there was no worker
	Bridged                 uint64 // packets of sound that no worker decoded in time
}

// Pool keeps spare workers. It is safe for concurrent use.
type Pool struct {
	cfg   Config
	spare chan *process

	starting                                   sync.Mutex
	running                                    sync.WaitGroup
	workers                                    atomic.Int64
	crashes, hangs, refused, failures, starved atomic.Uint64
	bridged                                    atomic.Uint64
	level                                      atomic.Pointer[sandbox.Level]
}

// NewPool returns a pool without workers, until Run runs.
func NewPool(cfg Config) *Pool {
	if cfg.Patience == 0 {
		cfg.Patience = 400 * time.Millisecond
	}
	if cfg.Instant == 0 {
		cfg.Instant = 3 * time.Millisecond
	}
	if cfg.Deaths == 0 {
		cfg.Deaths = 3
	}
	return &Pool{cfg: cfg, spare: make(chan *process)}
}

// Run keeps workers spare until ctx ends, and then ends all workers: one, and two from when on the first is taken. It
// fails where Config.Full asks for a layer of the sandbox that is missing.
func (p *Pool) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	defer p.running.Wait()
	taken := make(chan struct{})
	begin := sync.OnceFunc(func() { close(taken) })
	group.Go(func() error { return p.keep(ctx, begin) })
	group.Go(func() error {
		select {
		case <-taken:
			return p.keep(ctx, begin)
		case <-ctx.Done():
			return nil
		}
	})
	return group.Wait()
}

// keep keeps a worker spare, and calls taken whenever it is no more.
func (p *Pool) keep(ctx context.Context, taken func()) error {
	for failures := 0; ctx.Err() == nil; {
		w, err := p.start(ctx)
		if err != nil {
			failures++
			p.rest(ctx, failures, err)
			continue
		}
		failures = 0
		p.watch(w)
		p.tell(w.level)
		if p.cfg.Full && w.level != sandbox.Full() {
			return fmt.Errorf("the sandbox of codec workers has %v, not all of %v", w.level, sandbox.Full())
		}
		select {
		case p.spare <- w:
			taken()
		case <-w.dead:
		case <-ctx.Done():
		}
	}
	return nil
}

// rest waits after so many failures, the last of which was err, before the next worker starts.
func (p *Pool) rest(ctx context.Context, failures int, err error) {
	if ctx.Err() != nil {
		return
	}
	p.failures.Add(1)
	if failures == 1 {
		p.cfg.Log.Error("a codec worker did not start: cameras and voices are not decoded until one does", "error", err)
	}
	schedule := backoff.Schedule{First: 100 * time.Millisecond, Longest: 10 * time.Second}
	select {
	case <-time.After(schedule.After(failures, 0)):
	case <-ctx.Done():
	}
}

// start starts a worker. One starts at a time, so that the first of two is there sooner.
func (p *Pool) start(ctx context.Context) (*process, error) {
	p.starting.Lock()
	defer p.starting.Unlock()
	return start(ctx, &p.cfg)
}

// watch counts a worker until it ends.
func (p *Pool) watch(w *process) {
	p.workers.Add(1)
	p.running.Go(func() {
		<-w.dead
		p.workers.Add(-1)
	})
}

// tell logs the level of the sandbox, once for each that there is.
func (p *Pool) tell(level sandbox.Level) {
	if was := p.level.Swap(&level); was != nil && *was == level {
		return
	}
	if level == sandbox.Full() {
		p.cfg.Log.Info("cameras and voices are decoded in a sandbox", "layers", level)
		return
	}
	p.cfg.Log.Warn("cameras and voices are decoded in a sandbox that lacks layers, because the kernel does", "layers", level, "all", sandbox.Full())
}

// NewCrew returns a crew without workers.
func (p *Pool) NewCrew() *Crew { return &Crew{pool: p, asking: make(chan struct{}, 1)} }

// blame counts the end of a worker by what it decoded, once, and ends it.
func (p *Pool) blame(w *process, late bool, kind string) {
	first := w.blamed.CompareAndSwap(false, true)
	switch {
	case first && late:
		p.hangs.Add(1)
		p.cfg.Log.Warn("a codec worker took too long and is replaced", "codec", kind, "limit", p.cfg.Patience)
	case first:
		var status string
		if w.ended() {
			status = w.cmd.ProcessState.String()
		}
		p.crashes.Add(1)
		p.cfg.Log.Warn("a codec worker has crashed and is replaced", "codec", kind, "status", status)
	}
	w.kill()
}

// Level returns the level of the last worker's sandbox. It has no layer before the first worker.
func (p *Pool) Level() sandbox.Level {
	if l := p.level.Load(); l != nil {
		return *l
	}
	return sandbox.Level{}
}

// Stats returns what became of workers so far.
func (p *Pool) Stats() Stats {
	return Stats{
		Workers: p.workers.Load(), Crashes: p.crashes.Load(), Hangs: p.hangs.Load(),
		Refused: p.refused.Load(), Failures: p.failures.Load(), Starved: p.starved.Load(), Bridged: p.bridged.Load(),
	}
}
