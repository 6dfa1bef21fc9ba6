package sidecar

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// saveEvery is the least time between two saves of what was noted.
const saveEvery = time.Second

// Ledger keeps the file beside a recording. What changes often is noted, and saved by Run once a
// second at most; a new state is saved at once. It is safe for concurrent use.
type Ledger struct {
	dir  string
	now  func() Info
	log  *slog.Logger
	news chan struct{}

	mu    sync.Mutex // held while the file is written
	stale bool       // the file has something older
}

// NewLedger returns a Ledger that saves what now returns into a folder. The caller of Save must not hold
// what now waits for.
func NewLedger(dir string, now func() Info, log *slog.Logger) *Ledger {
	return &Ledger{dir: dir, now: now, log: log, news: make(chan struct{}, 1)}
}

// Note has Run save. It never blocks.
func (l *Ledger) Note() {
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// Run saves what is noted until ctx ends. The caller then saves the last state.
func (l *Ledger) Run(ctx context.Context) error {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return nil
		}
		select {
		case <-l.news:
			l.Save()
			pause.Reset(saveEvery)
		case <-ctx.Done():
			return nil
		}
	}
}

// Save saves now. If that fails, the file keeps what it had.
func (l *Ledger) Save() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.save(l.now())
}

// save saves a state. The caller holds l.mu.
func (l *Ledger) save(i Info) {
	err := i.Save(l.dir)
	l.stale = err != nil
	if err != nil {
		l.log.Error("state of a recording not written", "error", err)
	}
}

// CatchUp saves a final state that could not be saved before. Otherwise the next server would take the
// recording for one that was cut off, and emit its end again.
func (l *Ledger) CatchUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := l.now(); l.stale && i.State.Ended() {
		l.save(i)
	}
}
