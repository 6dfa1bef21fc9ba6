package relay

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec/table"
	"tilemix/codec/yuv"
	"tilemix/mcu/control"
	"tilemix/mcu/rtc/client"
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

// pull is one connection to the home, and those that follow it. It is a rendition's producer.
type pull struct {
	relay *Remote
	part  Part
	take  func(u unit, now time.Time)
	ask   chan struct{} // a key frame is wanted; holds one
	ctx   context.Context
	end   context.CancelFunc

	tie atomic.Pointer[tie] // of this connection; nil: no report has come

	// Of the goroutine that reads packets.
	stamped bool
	base    uint32 // of timestamps of sound
}

// tie says which instant of the home a timestamp is.
type tie struct {
	timestamp uint32
	at        time.Time
}

func newPull(r *Remote, part Part) *pull {
	p := &pull{relay: r, part: part, ask: make(chan struct{}, 1)}
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
	select {
	case p.ask <- struct{}{}:
	default:
	}
}

// run pulls until Close.
func (p *pull) run() {
	m, log := p.relay.cfg.Metrics, p.relay.cfg.Log.With("codec", p.part.Codec.String(), "rung", p.part.Rung)
	m.live.Inc()
	defer m.live.Dec()
	stood, wait := time.Now(), retry
	for {
		began := time.Now()
		connected, err := p.session()
		if p.ctx.Err() != nil {
			return
		}
		m.breaks.Inc()
		if connected {
			stood, wait = time.Now(), retry
		}
		log.Info("the relay connects to the room's home again", "lasted", time.Since(began).Round(time.Millisecond), "reason", err)
		if time.Since(stood) > homeless {
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

// session is one connection, from its offer to its end.
func (p *pull) session() (connected bool, err error) {
	ctx, leave := context.WithCancel(p.ctx)
	var asking sync.WaitGroup
	defer func() { leave(); asking.Wait() }()
	in := newAssembly(table.Of(p.part.Codec))
	m := p.relay.cfg.Metrics
	p.tie.Store(nil)
	p.stamped = false
	c, err := client.New(client.Config{
		Silence: silence, Stereo: p.part.Stereo, Only: p.part.Codec,
		Packet: func(h *rtp.Header, payload []byte) {
			m.bytes.Add(float64(len(payload)))
			now := time.Now()
			if !in.push(h, payload, now, func(u unit) { m.units.Inc(); p.take(u, now) }) {
				p.request()
			}
		},
		Report: func(timestamp uint32, at time.Time) { p.tie.CompareAndSwap(nil, &tie{timestamp, at}) },
		Message: func(message control.Message) {
			if _, moves := message.(control.Relocate); moves {
				leave()
			}
		},
	})
	if err != nil {
		return false, err
	}
	defer func() { _ = c.Close() }()
	first, cancel := context.WithTimeout(ctx, dial)
	defer cancel()
	offer, err := c.Offer(first)
	if err != nil {
		return false, err
	}
	answer, err := p.relay.cfg.Exchange(first, p.relay.cfg.Room, p.part, offer)
	if err != nil {
		return false, err
	}
	if err := c.Answer(first, answer); err != nil {
		return false, err
	}
	asking.Go(func() { p.asks(ctx, c) })
	return true, c.Run(ctx)
}

// asks passes requests for key frames on until ctx ends.
func (p *pull) asks(ctx context.Context, c *client.Client) {
	for {
		select {
		case <-p.ask:
		case <-ctx.Done():
			return
		}
		p.relay.cfg.Metrics.requests.Inc()
		c.RequestKeyFrame()
		select {
		case <-time.After(askAgain):
		case <-ctx.Done():
			return
		}
	}
}

// instant returns when a unit is to be played, by our clock. Before the home has reported, that is when it came.
func (p *pull) instant(timestamp uint32, rate int64, now time.Time) time.Time {
	t := p.tie.Load()
	if t == nil {
		return now
	}
	ahead := int64(int32(timestamp - t.timestamp))
	at := t.at.Add(time.Duration(ahead * int64(time.Second) / rate))
	if ahead >= 3600*rate { // whole seconds only, so that nothing is rounded
		p.tie.Store(&tie{t.timestamp + uint32(3600*rate), t.at.Add(time.Hour)})
	}
	return p.relay.here(at, now)
}
