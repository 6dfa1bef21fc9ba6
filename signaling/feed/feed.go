// Package feed hands events to programs that listen, and again to those whose line was cut.
//
//	rooms ──▶ Feed.Post ──▶ ring of the last events ──▶ Feed.Listen: those after the last one seen
//	              └──▶ queue of each Stream ──▶ Stream.Next ──▶ server-sent events
//
// A stream whose queue is full is ended and counted; its program comes back with the ID of its last
// event, and misses nothing that the ring still has.
package feed

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/event"
)

var (
	// ErrTooMany is returned when as many programs listen as the feed allows.
	ErrTooMany = errors.New("too many programs listen to events; try again when one has ended")
	// ErrEnded is returned by a stream that was closed, or whose program reads too slowly.
	ErrEnded = errors.New("the stream of events has ended")
)

// Config sets limits. Start from [Default].
type Config struct {
	MaxEvents  int           // that are kept for programs that come back
	MaxAge     time.Duration // of an event that is kept
	MaxStreams int
	Queue      int // events that wait for one stream; more end it
}

// Default keeps the last 10,000 events of 10 minutes for 100 streams.
func Default() Config {
	return Config{MaxEvents: 10_000, MaxAge: 10 * time.Minute, MaxStreams: 100, Queue: 256}
}

// Feed has the last events and those who listen. It is safe for concurrent use.
type Feed struct {
	cfg   Config
	start string // ID before the first event

	mu      sync.Mutex // guards what follows, and is held for no longer than a copy of the ring
	ring    []event.Event
	streams map[*Stream]bool
	slow    uint64
}

// New returns a feed without events.
func New(cfg Config) *Feed {
	return &Feed{cfg: cfg, start: event.New("", "").ID, streams: map[*Stream]bool{}}
}

// Stream is the events for one program. One goroutine owns it.
type Stream struct {
	// Last is the ID after which the stream goes on.
	Last string

	feed   *Feed
	room   string
	replay []event.Event
	queue  chan event.Event // closed when the feed ends the stream
}

// Post takes an event. It does not wait.
func (f *Feed) Post(e event.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := 0
	for old < len(f.ring) && e.Time.Sub(f.ring[old].Time) > f.cfg.MaxAge {
		old++
	}
	old = max(old, len(f.ring)+1-f.cfg.MaxEvents)
	f.ring = append(f.ring[old:], e)
	for s := range f.streams {
		if s.room != "" && s.room != e.Room {
			continue
		}
		select {
		case s.queue <- e:
		default:
			f.slow++
			f.drop(s)
		}
	}
}

// Listen returns a stream of the events of a room, or of all rooms for "". After last it first has
// those that the program has missed; an ID that the feed does not have is older than all of them.
// last "" begins with the next event. The only error is
// ErrTooMany. The caller must call Close.
func (f *Feed) Listen(room, last string) (*Stream, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.streams) >= f.cfg.MaxStreams {
		return nil, ErrTooMany
	}
	s := &Stream{Last: f.start, feed: f, room: room, queue: make(chan event.Event, f.cfg.Queue)}
	if n := len(f.ring); n > 0 {
		s.Last = f.ring[n-1].ID
	}
	if last != "" {
		s.Last = last
		after := slices.IndexFunc(f.ring, func(e event.Event) bool { return e.ID == last }) + 1
		for _, e := range f.ring[after:] {
			if (room == "" || e.Room == room) && time.Since(e.Time) <= f.cfg.MaxAge {
				s.replay = append(s.replay, e)
			}
		}
	}
	f.streams[s] = true
	return s, nil
}

// Next returns the next event. ok is false when there was none for the time beat. Errors are
// ErrEnded and those of ctx.
func (s *Stream) Next(ctx context.Context, beat time.Duration) (e event.Event, ok bool, err error) {
	if len(s.replay) > 0 {
		e, s.replay = s.replay[0], s.replay[1:]
		return e, true, nil
	}
	timer := time.NewTimer(beat)
	defer timer.Stop()
	select {
	case e, ok = <-s.queue:
		if !ok {
			return e, false, ErrEnded
		}
		return e, true, nil
	case <-timer.C:
		return e, false, nil
	case <-ctx.Done():
		return e, false, ctx.Err()
	}
}

// Close ends the stream.
func (s *Stream) Close() {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	s.feed.drop(s)
}

// drop ends a stream. The caller holds mu.
func (f *Feed) drop(s *Stream) {
	if f.streams[s] {
		delete(f.streams, s)
		close(s.queue)
	}
}

// Collectors returns the number of streams, and of those that were too slow.
func (f *Feed) Collectors() []prometheus.Collector {
	read := func(value func() float64) func() float64 {
		return func() float64 {
			f.mu.Lock()
			defer f.mu.Unlock()
			return value()
		}
	}
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tilemix_event_streams", Help: "Programs that listen to server-sent events.",
		}, read(func() float64 { return float64(len(f.streams)) })),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "tilemix_event_streams_slow_total", Help: "Streams of server-sent events that were ended because the program did not read.",
		}, read(func() float64 { return float64(f.slow) })),
	}
}
