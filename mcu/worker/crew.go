package worker

import (
	"slices"
	"sync"
	"time"

	"tilemix/codec"
)

// linger is how long a worker stays without decoders.
const linger = 10 * time.Second

// Crew has the decoders that share workers: those of a room. It is safe for concurrent use.
type Crew struct {
	pool *Pool
	// asking holds one while a decoder waits for a worker that all will share. Were each to take one,
	// a room would have as many after a death as it has cameras.
	asking chan struct{}

	mu     sync.Mutex // guards what follows and the slots of the workers; no decoding takes it
	shared []*process
}

// NewDecoder returns a decoder of a codec. It costs nothing before it decodes.
func (c *Crew) NewDecoder(kind codec.Kind) *Decoder {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &Decoder{crew: c, kind: kind, timer: t}
}

// seat returns a worker with a free slot, which is taken. A suspect gets a worker of its own. It
// waits for a new worker for as long as a decoder may take.
func (c *Crew) seat(alone bool, timer *time.Timer) (*process, int, bool) {
	if !alone {
		if w, slot := c.find(); w != nil {
			return w, slot, true
		}
	}
	timer.Reset(c.pool.cfg.Patience)
	defer timer.Stop()
	if !alone {
		select {
		case c.asking <- struct{}{}:
			defer func() { <-c.asking }()
		case <-timer.C:
			c.pool.starved.Add(1)
			return nil, 0, false
		}
		if w, slot := c.find(); w != nil {
			return w, slot, true
		}
	}
	select {
	case w := <-c.pool.spare:
		c.mu.Lock()
		defer c.mu.Unlock()
		if !alone {
			c.shared = append(c.shared, w)
		}
		w.taken[0], w.users = true, 1
		return w, 0, true
	case <-timer.C:
		c.pool.starved.Add(1)
		return nil, 0, false
	}
}

// find takes a slot of a worker that there is.
func (c *Crew) find() (*process, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shared = slices.DeleteFunc(c.shared, (*process).ended)
	for _, w := range c.shared {
		if slot := slices.Index(w.taken[:], false); slot >= 0 {
			w.taken[slot] = true
			w.users++
			return w, slot
		}
	}
	return nil, 0
}

// leave gives a slot back. A worker without decoders ends after a while, and its memory goes when
// nobody has a slot of it.
func (c *Crew) leave(w *process, slot int) {
	if !w.ended() {
		w.mem.free(slot)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w.taken[slot] = false
	if w.users--; w.users > 0 {
		return
	}
	wait := linger
	if !slices.Contains(c.shared, w) || w.ended() {
		wait = 0
	}
	time.AfterFunc(wait, func() { c.end(w) })
}

// end ends a worker that nobody uses.
func (c *Crew) end(w *process) {
	c.mu.Lock()
	if w.users > 0 || w.ending {
		c.mu.Unlock()
		return
	}
	c.shared = slices.DeleteFunc(c.shared, func(other *process) bool { return other == w })
	w.ending = true
	c.mu.Unlock()
	w.kill()
	<-w.dead
	w.mem.close()
}
