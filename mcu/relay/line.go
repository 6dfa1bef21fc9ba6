package relay

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"tilemix/codec/table"
	"tilemix/mcu/control"
	"tilemix/mcu/rtc/client"
)

// line is one connection of a pull. It counts from its first key unit on, until another has one: so a room that
// moves is seen all the time. What its client's goroutine has is the line's that counts.
type line struct {
	pull  *pull
	ctx   context.Context
	leave context.CancelFunc
	began time.Time
	ask   chan struct{} // a key frame is wanted; holds one
	moves chan struct{} // the room goes on at another home; holds one

	ended     chan struct{}
	connected bool  // valid once it has ended
	err       error // valid once it has ended

	over   atomic.Bool         // it counts no more
	inside atomic.Bool         // a unit of it is being taken
	tie    atomic.Pointer[tie] // nil: no report has come

	// Of the goroutine that reads packets.
	stamped bool
	base    uint32 // of timestamps of sound
}

// tie says which instant of the home a timestamp is.
type tie struct {
	timestamp uint32
	at        time.Time
}

func newLine(p *pull) *line {
	l := &line{pull: p, began: time.Now(), ask: make(chan struct{}, 1), moves: make(chan struct{}, 1), ended: make(chan struct{})}
	l.ctx, l.leave = context.WithCancel(p.ctx)
	return l
}

// request has the home asked for a key frame, soon.
func (l *line) request() {
	select {
	case l.ask <- struct{}{}:
	default:
	}
}

// drop ends a line. A unit of it may still be inside.
func (l *line) drop() {
	l.over.Store(true)
	l.leave()
}

// take hands a unit on, if the line counts or begins to.
func (l *line) take(u unit, now time.Time) {
	l.inside.Store(true)
	defer l.inside.Store(false)
	for before := l.pull.current.Load(); ; before = l.pull.current.Load() {
		if l.over.Load() || before != l && !u.key {
			return
		}
		if before == l {
			break
		}
		if before != nil {
			for before.drop(); before.inside.Load(); { // with one unit more at most
				runtime.Gosched()
			}
		}
		l.pull.current.CompareAndSwap(before, l)
	}
	l.pull.relay.cfg.Metrics.units.Inc()
	l.pull.take(l, u, now)
}

// run connects, and ends with the connection.
func (l *line) run() {
	defer close(l.ended)
	defer l.leave()
	l.connected, l.err = l.session()
}

// session is the connection, from its offer to its end.
func (l *line) session() (connected bool, err error) {
	cfg, part := l.pull.relay.cfg, l.pull.part
	var asking sync.WaitGroup
	defer func() { l.leave(); asking.Wait() }()
	in := newAssembly(table.Of(part.Codec))
	c, err := client.New(client.Config{
		Silence: silence, Stereo: part.Stereo, Only: part.Codec,
		Packet: func(h *rtp.Header, payload []byte) {
			cfg.Metrics.bytes.Add(float64(len(payload)))
			now := time.Now()
			if !in.push(h, payload, now, func(u unit) { l.take(u, now) }) {
				l.request()
			}
		},
		Report: func(timestamp uint32, at time.Time) { l.tie.CompareAndSwap(nil, &tie{timestamp, at}) },
		Message: func(message control.Message) {
			if _, moves := message.(control.Relocate); moves {
				select {
				case l.moves <- struct{}{}:
				default:
				}
			}
		},
	})
	if err != nil {
		return false, err
	}
	defer func() { _ = c.Close() }()
	first, cancel := context.WithTimeout(l.ctx, dial)
	defer cancel()
	offer, err := c.Offer(first)
	if err != nil {
		return false, err
	}
	answer, err := cfg.Exchange(first, cfg.Room, part, offer)
	if err != nil {
		return false, err
	}
	if err := c.Answer(first, answer); err != nil {
		return false, err
	}
	asking.Go(func() { l.asks(c) })
	return true, c.Run(l.ctx)
}

// asks passes requests for key frames on until the line ends.
func (l *line) asks(c *client.Client) {
	for {
		select {
		case <-l.ask:
		case <-l.ctx.Done():
			return
		}
		l.pull.relay.cfg.Metrics.requests.Inc()
		c.RequestKeyFrame()
		select {
		case <-time.After(askAgain):
		case <-l.ctx.Done():
			return
		}
	}
}

// instant returns when a unit is to be played, by our clock. Before the home has reported, that is when it came.
func (l *line) instant(timestamp uint32, rate int64, now time.Time) time.Time {
	t := l.tie.Load()
	if t == nil {
		return now
	}
	ahead := int64(int32(timestamp - t.timestamp))
	at := t.at.Add(time.Duration(ahead * int64(time.Second) / rate))
	if ahead >= 3600*rate { // whole seconds only, so that nothing is rounded
		l.tie.Store(&tie{t.timestamp + uint32(3600*rate), t.at.Add(time.Hour)})
	}
	return l.pull.relay.here(at, now)
}
