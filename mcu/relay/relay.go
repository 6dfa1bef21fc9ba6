package relay

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"tilemix/codec"
	"tilemix/codec/pcm"
	"tilemix/codec/ticks"
	"tilemix/mcu/packet"
	"tilemix/mcu/rendition"
	"tilemix/mcu/rtptime"
)

const (
	// slew (20 µs) is by how much a unit moves the distance between the clocks of home and relay.
	slew = 20 * time.Microsecond
	// step (50 µs) is the least time between two pictures, so that their timestamps differ.
	step = 50 * time.Microsecond
	// leap (1 s) is how far a home's clock is off that is another home's.
	leap = time.Second
	// blocks (16) of sound wait for the sound clock.
	blocks = 16
)

// Part is what one connection pulls. It is a value.
type Part struct {
	Codec  codec.Kind // of pictures; 0: sound
	Rung   int        // of the ladder
	Stereo bool       // sound of two channels
}

// Config says what a relay needs. No function may be nil.
type Config struct {
	Room string
	// Exchange hands an offer for a part to the home of a room and returns its answer. Any goroutine
	// may call it.
	Exchange func(ctx context.Context, room string, p Part, offer string) (answer string, err error)
	// Gone is called by any goroutine when the room has had no home for 30 s.
	Gone    func()
	Metrics *Metrics
	Log     *slog.Logger
}

// Remote is a room that another node mixes, and of which this one pulls what its viewers take. It is safe for
// concurrent use.
type Remote struct {
	cfg      Config
	distance atomic.Int64 // of the home's clock from ours, ns; 0: not known yet
}

// New returns a room of which nothing is pulled yet.
func New(cfg Config) *Remote { return &Remote{cfg: cfg} }

// Rendition returns a rendition that is pulled, and what pulls it: run puts each access unit into out until the
// rendition is closed. What does not fit into out is dropped up to the next key frame.
func (r *Remote) Rendition(c rendition.Config, out chan<- rendition.Output) (of *rendition.Rendition, run func()) {
	of, p := r.pictures(c, out)
	return of, func() {
		select {
		case out <- rendition.Output{Of: of, Ready: true}:
			p.run()
		case <-p.ctx.Done():
		}
	}
}

// pictures returns a rendition and its pull, which hands on what it pulls.
func (r *Remote) pictures(c rendition.Config, out chan<- rendition.Output) (*rendition.Rendition, *pull) {
	p := newPull(r, Part{Codec: c.Key.Codec, Rung: c.Key.Rung})
	of := rendition.New(c, p)
	var pool packet.UnitPool
	var last time.Time
	full := false // out was, and what follows is of no use
	p.take = func(l *line, u unit, now time.Time) {
		if full && !u.key {
			r.cfg.Metrics.dropped.Inc()
			return
		}
		at := l.instant(u.timestamp, ticks.Video, now)
		if at.Before(last.Add(step)) {
			at = last.Add(step)
		}
		last = at
		b := pool.Put(u.payloads)
		select {
		case out <- rendition.Output{Of: of, AccessUnit: codec.AccessUnit{Key: u.key}, Unit: b, Lent: true, At: at}:
			full = false
		default:
			b.Release()
			r.cfg.Metrics.dropped.Inc()
			full = true
			p.request()
		}
	}
	return of, p
}

// Sound is the sound of a room that is pulled.
type Sound struct {
	*pull
	out chan packet.Packets
}

// Sound returns the sound. Timestamps count from an epoch, at 48 kHz.
func (r *Remote) Sound(stereo bool, epoch time.Time) *Sound {
	s := &Sound{newPull(r, Part{Stereo: stereo}), make(chan packet.Packets, blocks)}
	var pool packet.UnitPool
	var last uint32 // that was handed on
	s.take = func(l *line, u unit, now time.Time) {
		at := l.instant(u.timestamp, pcm.Rate, now)
		if !l.stamped {
			l.base, l.stamped = rtptime.Timestamp(at.Sub(epoch), pcm.Rate)-u.timestamp, true
			if last != 0 && int32(l.base+u.timestamp-last) <= 0 { // another home's
				l.base += last + pcm.Samples - (l.base + u.timestamp)
			}
		}
		last = l.base + u.timestamp
		b := pool.Put(u.payloads)
		select {
		case s.out <- packet.Packets{Payloads: b.Payloads(), Buffer: b, Timestamp: last, At: at, Key: true}:
		default:
			b.Release()
			r.cfg.Metrics.dropped.Inc()
		}
	}
	return s
}

// Blocks has what came. The receiver releases the Buffer of each.
func (s *Sound) Blocks() <-chan packet.Packets { return s.out }

// Run pulls until Close.
func (s *Sound) Run() { s.run() }

// here returns an instant of the home by our clock: about now, when it came.
func (r *Remote) here(home, now time.Time) time.Time {
	d := time.Duration(r.distance.Load())
	at := home.Add(d)
	switch off := now.Sub(at); {
	case d == 0 || off.Abs() > leap:
		r.distance.Store(int64(now.Sub(home)))
		return now
	default:
		r.distance.Add(int64(max(-slew, min(off, slew))))
		return at
	}
}
