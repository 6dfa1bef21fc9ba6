package webhook

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"tilemix/mcu/backoff"
)

// deliverer sends the events of one URL, one after the other. Its goroutine is run.
type deliverer struct {
	cfg    Config
	target string
	label  string // that logs and metrics have in the URL's place
	spool  *spool
	client *http.Client
	log    *slog.Logger

	delivered, failed, dropped, refusals atomic.Uint64

	failures int // in a row; owned by run
}

// run sends events until ctx ends. After last is closed, run returns when the queue is empty or an
// attempt fails.
func (c *deliverer) run(ctx context.Context, last <-chan struct{}) {
	defer c.client.CloseIdleConnections()
	for {
		e, ok := c.spool.head()
		switch {
		case ok:
			wait := c.try(ctx, e)
			if wait > 0 && !pause(wait, last) || ctx.Err() != nil {
				return
			}
		case over(last):
			if c.spool.len() == 0 {
				return
			}
		default:
			select {
			case <-c.spool.more:
			case <-last:
			}
		}
	}
}

func over(last <-chan struct{}) bool {
	select {
	case <-last:
		return true
	default:
		return false
	}
}

// pause waits, and returns false if last is closed first.
func pause(d time.Duration, last <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-last:
		return false
	}
}

// try sends an event and returns how long to wait before the next attempt.
func (c *deliverer) try(ctx context.Context, e entry) (wait time.Duration) {
	body, err := c.spool.read(e)
	if err != nil {
		if head, ok := c.spool.head(); ok && head.name == e.name { // else it was dropped meanwhile
			c.log.Error("webhook lost an event", "error", err)
			c.spool.remove(e)
			c.dropped.Add(1)
		}
		return 0
	}
	err = post(ctx, c.client, c.cfg, c.target, body)
	status, _ := errors.AsType[*statusError](err)
	switch {
	case err == nil:
		c.spool.remove(e)
		c.delivered.Add(1)
		if c.failures > 0 {
			c.log.Info("webhook takes events again", "attempts", c.failures+1, "waiting", c.spool.len())
		}
		c.failures = 0
		return 0
	case ctx.Err() != nil:
		return 0
	}
	c.refusals.Add(1)
	if status != nil && status.final() {
		c.log.Warn("webhook refuses an event", "error", err)
		c.spool.remove(e)
		c.failed.Add(1)
		c.failures = 0
		return 0
	}
	if c.failures++; c.failures == 1 {
		c.log.Warn("webhook takes no events", "error", err)
	}
	c.expire()
	wait = backoff.Schedule{First: c.cfg.Wait, Longest: c.cfg.LongestWait}.After(c.failures, rand.Float64())
	if status != nil {
		wait = max(wait, min(status.after, c.cfg.LongestWait))
	}
	return wait
}

// expire drops events that are older than Config.MaxAge.
func (c *deliverer) expire() {
	if n := c.spool.expire(time.Now().Add(-c.cfg.MaxAge)); n > 0 {
		c.log.Error("webhook events given up", "events", n, "age", c.cfg.MaxAge)
		c.failed.Add(uint64(n))
	}
}
