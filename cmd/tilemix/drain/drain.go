// Package drain ends the server by a deadline. Until then calls go on, and no new ones begin.
package drain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	// tellEvery (30 s) is the time between two notices to participants, so that those who have come
	// since know it too. In the last tellOften (10 s) there is one each second.
	tellEvery = 30 * time.Second
	tellOften = 10 * time.Second
	// reserve (1 s, at most a quarter of the whole time) is left for files to be closed and for
	// webhooks to be sent.
	reserve = time.Second
)

// ErrOver says that the drain is over, and that the server is to stop.
var ErrOver = errors.New("drained")

// Config says what a drain needs of the server. No field may be nil.
type Config struct {
	Tell   func(rest time.Duration) // refuses new rooms, and tells participants the rest of the time
	Undone func()                   // takes new rooms again
	People func() int               // in calls
	Log    *slog.Logger
}

// Drain is the end of a server. It is safe for concurrent use. Its only goroutine is Run's.
type Drain struct {
	cfg  Config
	news chan struct{} // it begins, is undone, or has another end; holds one

	mu    sync.Mutex // guards what follows
	began time.Time
	end   time.Time // zero: there is none
}

// New returns a drain that has not begun.
func New(cfg Config) *Drain {
	return &Drain{cfg: cfg, news: make(chan struct{}, 1)}
}

// Begin begins the drain, and returns when the server has stopped at the latest. A drain that runs
// keeps its end, or gets an earlier one.
func (d *Drain) Begin(within time.Duration) (end time.Time, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	end = now.Add(within)
	switch {
	case d.end.IsZero():
		d.began, d.end = now, end
		d.rouse()
	case end.Before(d.end):
		d.end = end
		d.rouse()
	}
	return d.end, nil
}

// Undo has the server take new rooms again. It does nothing to a server that does not drain.
func (d *Drain) Undo() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.end.IsZero() {
		d.end = time.Time{}
		d.rouse()
	}
}

func (d *Drain) rouse() {
	select {
	case d.news <- struct{}{}:
	default:
	}
}

// Err says that the server drains, nil before.
func (d *Drain) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.end.IsZero() {
		return nil
	}
	return fmt.Errorf("the server stops at %s at the latest, and takes no new rooms", d.end.UTC().Format(time.RFC3339))
}

// End returns when the server is to have stopped, zero while it does not drain.
func (d *Drain) End() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.end
}

// Run waits for the drain to begin, and returns ErrOver once nobody is in a call or the time is
// over. When ctx ends, it returns nil.
func (d *Drain) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.news:
		}
		if d.End().IsZero() {
			continue
		}
		d.cfg.Log.Info("the server drains", "end", d.End(), "people", d.cfg.People())
		if over, err := d.watch(ctx); over {
			return err
		}
		d.cfg.Log.Info("the server drains no more")
		d.cfg.Undone()
	}
}

// watch is Run from the beginning of a drain. over is false if the drain was undone.
func (d *Drain) watch(ctx context.Context) (over bool, err error) {
	look := time.NewTicker(time.Second / 4)
	defer look.Stop()
	var told time.Time
	for {
		now, rest := time.Now(), d.rest()
		switch {
		case d.End().IsZero():
			return false, nil
		case d.cfg.People() == 0:
			d.cfg.Log.Info("the server is empty")
			return true, ErrOver
		case rest <= 0:
			d.cfg.Log.Info("the time to drain is over", "people", d.cfg.People())
			return true, ErrOver
		case now.Sub(told) >= pause(rest):
			told = now
			d.cfg.Tell(rest)
		}
		timer := time.NewTimer(rest)
		select {
		case <-ctx.Done():
			timer.Stop()
			return true, nil
		case <-look.C:
		case <-timer.C:
		case <-d.news:
			told = time.Time{}
		}
		timer.Stop()
	}
}

// pause is the time between two notices, with a rest of the time.
func pause(rest time.Duration) time.Duration {
	if rest <= tellOften {
		return time.Second
	}
	return tellEvery
}

// rest is the time for which calls go on.
func (d *Drain) rest() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Until(d.end.Add(-min(reserve, d.end.Sub(d.began)/4)))
}
