package worker

import (
	"slices"
	"sync"
	"time"

	"tilemix/codec"
)

const (
	// linger is how long a worker stays without decoders.
	linger = 10 * time.Second
	// probation is the time in which Config.Deaths end a decoder.
	probation = time.Minute
)

// record is what is held against a stream.
type record struct {
	fatal   []time.Time // when a worker ended with what it sent in it, at most Config.Deaths
	doubted time.Time   // when it may have been what another sent
	refused bool
}

// suspected tells whether the stream is kept apart from others.
func (r *record) suspected(now time.Time) bool {
	n := len(r.fatal)
	return n > 0 && now.Sub(r.fatal[n-1]) < probation && r.fatal[n-1] != r.doubted
}

// doubt takes note that a worker ended with what the stream sent in it, and with what others sent.
// The second time within a minute is none to doubt.
func (r *record) doubt(p *Pool, what string, now time.Time) {
	first := len(r.fatal) == 0 || now.Sub(r.fatal[len(r.fatal)-1]) >= probation
	if r.suspect(p, what, now); first {
		r.doubted = now
	}
}

// suspect takes note that a worker ended with what the stream sent in it.
func (r *record) suspect(p *Pool, what string, now time.Time) {
	deaths := p.cfg.Deaths
	if len(r.fatal) == deaths {
		r.fatal = r.fatal[:copy(r.fatal, r.fatal[1:])]
	}
	r.fatal = append(r.fatal, now)
	if len(r.fatal) == deaths && now.Sub(r.fatal[0]) < probation {
		r.refused = true
		p.refused.Add(1)
		p.cfg.Log.Warn("a stream is not decoded any more, because it ended its codec worker too often", "stream", what, "times", deaths)
	}
}

// Crew has the decoders that share workers: those of a room. It is safe for concurrent use.
type Crew struct {
	pool *Pool
	// asking holds one while a decoder waits for a worker that all will share. Were each to take one,
	// a room would have as many after a death as it has cameras.
	asking chan struct{}

	mu     sync.Mutex // guards what follows and the slots of the workers; no decoding takes it
	shared []*process
	voices int // batches that have a place in a worker that others share, or had one when it died
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
	for {
		select {
		case w := <-c.pool.spare:
			if c.adopt(w, alone) {
				return w, 0, true
			}
		case <-timer.C:
			c.pool.starved.Add(1)
			return nil, 0, false
		}
	}
}

// adopt takes the first slot of a worker that was spare. While voices have lost theirs, the worker
// is to be shared, even if who waits for one wants it alone: adopt then returns false. Sound cannot wait as
// pictures can.
func (c *Crew) adopt(w *process, alone bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := alone && c.voices > 0 && !slices.ContainsFunc(c.shared, func(w *process) bool { return !w.spent() })
	if !alone || first {
		c.shared = append(c.shared, w)
	}
	if first {
		time.AfterFunc(linger, func() { c.end(w) }) // if no voice takes it
		return false
	}
	w.taken[0], w.users = true, 1
	return true
}

// try is seat for those who cannot wait: it returns nil where no worker is ready.
func (c *Crew) try(alone bool) (*process, int) {
	if !alone {
		if w, slot := c.find(); w != nil {
			return w, slot
		}
		select {
		case c.asking <- struct{}{}: // who has it brings a worker for all
			defer func() { <-c.asking }()
		default:
			return nil, 0
		}
	}
	select {
	case w := <-c.pool.spare:
		if c.adopt(w, alone) {
			return w, 0
		}
	default:
	}
	return nil, 0
}

// hold takes note that voices have a place in a worker, or want one, until they let it go: by is 1, or -1.
func (c *Crew) hold(by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.voices += by
}

// find takes a slot of a worker that there is.
func (c *Crew) find() (*process, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shared = slices.DeleteFunc(c.shared, (*process).spent)
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
