package drain_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tilemix/cmd/tilemix/drain"
)

// call is a server with people in it.
type call struct {
	people atomic.Int64
	undone atomic.Int64
	told   []time.Duration
}

func (c *call) drain() *drain.Drain {
	return drain.New(drain.Config{
		Undone: func() { c.undone.Add(1) },
		Tell:   func(rest time.Duration) { c.told = append(c.told, rest.Round(time.Second)) },
		People: func() int { return int(c.people.Load()) }, Log: slog.New(slog.DiscardHandler),
	})
}

// TestDrain ends by its deadline, and has told participants of it all the time.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &call{}
		c.people.Store(50)
		d := c.drain()
		if d.Err() != nil {
			t.Error("it drains before it has begun")
		}
		begin := time.Now()
		if end, err := d.Begin(time.Minute); err != nil || end.Sub(begin) != time.Minute {
			t.Errorf("it ends at %v: %v", end, err)
		}
		if err := d.Run(t.Context()); !errors.Is(err, drain.ErrOver) || d.Err() == nil {
			t.Errorf("it ended with %v", err)
		}
		if took := time.Since(begin); took != 59*time.Second {
			t.Errorf("calls went on for %v", took)
		}
		if len(c.told) != 12 || c.told[0] != 59*time.Second || c.told[1] != 29*time.Second || c.told[2] != 10*time.Second {
			t.Errorf("participants were told %v", c.told)
		}
	})
}

// TestDrainEmpty ends as soon as nobody is left.
func TestDrainEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &call{}
		c.people.Store(1)
		d := c.drain()
		begin := time.Now()
		time.AfterFunc(10*time.Second, func() { c.people.Store(0) })
		_, _ = d.Begin(time.Hour)
		if err := d.Run(t.Context()); !errors.Is(err, drain.ErrOver) || time.Since(begin) > 11*time.Second {
			t.Errorf("it ended after %v with %v", time.Since(begin), err)
		}
	})
}

// TestDrainSooner: a second wish makes the end earlier, never later.
func TestDrainSooner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &call{}
		c.people.Store(1)
		d := c.drain()
		begin := time.Now()
		_, _ = d.Begin(time.Hour)
		time.AfterFunc(time.Second, func() { _, _ = d.Begin(4 * time.Second) })
		time.AfterFunc(2*time.Second, func() { _, _ = d.Begin(24 * time.Hour) })
		if err := d.Run(t.Context()); !errors.Is(err, drain.ErrOver) || time.Since(begin) != 4*time.Second {
			t.Errorf("it ended after %v with %v", time.Since(begin), err)
		}
	})
}

// TestDrainStops ends without a word when the server ends otherwise.
func TestDrainStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &call{}
		c.people.Store(1)
		d := c.drain()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _ = d.Begin(time.Hour)
		if err := d.Run(ctx); err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
}

// TestDrainUndone: a drain that is undone does not end the server, which can drain again.
func TestDrainUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &call{}
		c.people.Store(1)
		d := c.drain()
		d.Undo() // of none
		begin := time.Now()
		_, _ = d.Begin(10 * time.Second)
		time.AfterFunc(5*time.Second, func() {
			d.Undo()
			if d.Err() != nil {
				t.Error("it drains after it was undone")
			}
		})
		time.AfterFunc(time.Minute, func() {
			if c.undone.Load() != 1 {
				t.Error("nobody was told that it is undone")
			}
			_, _ = d.Begin(4 * time.Second)
		})
		if err := d.Run(t.Context()); !errors.Is(err, drain.ErrOver) || time.Since(begin) != time.Minute+3*time.Second {
			t.Errorf("it ended after %v with %v", time.Since(begin), err)
		}
	})
}
