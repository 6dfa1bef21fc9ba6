package relay

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"tilemix/codec/yuv"
)

const (
	// silence (2 s) is how long a home may say nothing until the pull connects anew.
	silence = 2 * time.Second
	// dial (10 s) is how long a connection may take.
	dial = 10 * time.Second
	// A pull that fails tries again after retry (100 ms), and then twice that, up to seldom (1 s).
	retry, seldom = 100 * time.Millisecond, time.Second
	// askAgain (300 ms) is the time between two requests for a key frame.
	askAgain = 300 * time.Millisecond
	// homeless (30 s) is how long viewers keep a relay without a home.
	homeless = 30 * time.Second
)

// pull is one connection to the home after the other. It is a rendition's producer.
type pull struct {
	relay *Remote
	part  Part
	take  func(l *line, u unit, now time.Time)
	ctx   context.Context
	end   context.CancelFunc

	current atomic.Pointer[line] // whose units count; nil: none has come
	newest  atomic.Pointer[line]
}

func newPull(r *Remote, part Part) *pull {
	p := &pull{relay: r, part: part}
	p.ctx, p.end = context.WithCancel(context.Background())
	return p
}

// Offer is rendition.Producer's: it passes a request for a key frame on. There is no picture.
func (p *pull) Offer(_ *yuv.Frame, _ time.Time, key bool) {
	if key {
		p.request()
	}
}

// Close is rendition.Producer's.
func (p *pull) Close() { p.end() }

// request has the home asked for a key frame, soon.
func (p *pull) request() {
	current, newest := p.current.Load(), p.newest.Load()
	for _, l := range []*line{current, newest} {
		if l != nil {
			l.request()
		}
	}
}

// run pulls until Close. A connection to a home that the room leaves lasts until another brings something.
func (p *pull) run() {
	m, log := p.relay.cfg.Metrics, p.relay.cfg.Log.With("codec", p.part.Codec.String(), "rung", p.part.Rung)
	m.live.Inc()
	defer m.live.Dec()
	var lines sync.WaitGroup
	defer lines.Wait()
	stood, wait := time.Now(), retry
	for {
		l := newLine(p)
		p.newest.Store(l)
		lines.Go(l.run)
		select {
		case <-l.moves:
			log.Info("the relay connects to the room's next home")
			if p.current.Load() != l {
				l.drop()
			}
			stood, wait = time.Now(), retry
			continue
		case <-l.ended:
		}
		if p.ctx.Err() != nil {
			return
		}
		m.breaks.Inc()
		if l.connected {
			stood, wait = time.Now(), retry
		}
		log.Info("the relay connects to the room's home again", "lasted", time.Since(l.began).Round(time.Millisecond), "reason", l.err)
		if time.Since(stood) > homeless && p.still() {
			p.relay.cfg.Gone()
			stood = time.Now()
		}
		select {
		case <-time.After(wait):
		case <-p.ctx.Done():
			return
		}
		wait = min(2*wait, seldom)
	}
}

// still tells whether no connection stands.
func (p *pull) still() bool {
	l := p.current.Load()
	if l == nil {
		return true
	}
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}
