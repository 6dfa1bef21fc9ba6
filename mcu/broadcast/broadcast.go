package broadcast

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/intake"
	"tilemix/mcu/media"
	"tilemix/mcu/views"
)

const (
	// keyInterval is the time between IDRs, and so the length of a segment.
	keyInterval = 2 * time.Second
	// pictureInterval is the longest time between two pictures, because a part ends with a
	// picture. Without it, the parts of a still picture would be a second long.
	pictureInterval = 90 * time.Millisecond
)

// broadcast is the broadcast of one room, and a [media.Sink]. It is safe for concurrent use. Its
// goroutine is run.
type broadcast struct {
	home *Broadcaster
	room string
	mix  handle // of the room; attach sets it
	log  *slog.Logger

	queue  *intake.Queue
	demand atomic.Bool  // it stops when no player sends requests
	asked  atomic.Int64 // when the last request came, in Unix nanoseconds
	since  time.Time
	crowd  *audience
	ended  chan struct{} // closed when no more media comes
	done   chan struct{} // closed when the playlists have ended

	mu     sync.Mutex
	detach func()
	view   string
	halt   bool          // stop was called
	ready  *session      // the session that players can play; nil: none now
	news   chan struct{} // closed when ready changes

	// Owned by run.
	now  *session
	past []*session // sessions that ended, whose files are still served
}

func newBroadcast(home *Broadcaster, room string) *broadcast {
	b := &broadcast{
		home: home, room: room, log: home.log.With("room", room), queue: intake.NewQueue(intake.Default()),
		since: time.Now().UTC(), crowd: newAudience(), ended: make(chan struct{}), done: make(chan struct{}), news: make(chan struct{}),
	}
	b.touch()
	return b
}

// attach has the room fill the queue. mcu.ErrNotFound says that the room has ended.
func (b *broadcast) attach(find func(room string) (handle, error), o Options) error {
	mix, err := find(b.room)
	if err != nil {
		close(b.done)
		return err
	}
	b.mix = mix
	pace := media.SinkOptions{KeyInterval: keyInterval, PictureInterval: pictureInterval}
	if o.View != nil {
		pace.View = *o.View
	}
	detach, err := mix.Attach(b, pace)
	if errors.Is(err, mcu.ErrClosed) { // meanwhile
		err = fmt.Errorf("room %q: %w", b.room, mcu.ErrNotFound)
	}
	if err != nil {
		close(b.done)
		return err
	}
	b.mu.Lock()
	b.detach, b.view = detach, pace.View.String()
	halt := b.halt
	b.mu.Unlock()
	if halt { // meanwhile
		detach()
	}
	return nil
}

// show changes what the broadcast shows. It is not cut, unless the parameter sets change.
func (b *broadcast) show(w views.Wish) error {
	b.mu.Lock()
	attached := b.detach != nil
	b.mu.Unlock()
	if !attached {
		return fmt.Errorf("broadcast of room %q: %w", b.room, mcu.ErrNotFound)
	}
	if err := b.mix.SetView(b, w); err != nil {
		return err
	}
	b.mu.Lock()
	b.view = w.String()
	b.mu.Unlock()
	return nil
}

// stop ends the broadcast. It returns at once.
func (b *broadcast) stop() {
	b.mu.Lock()
	b.halt = true
	detach := b.detach
	b.mu.Unlock()
	if detach != nil { // else attach will
		detach()
	}
}

// Video takes an access unit.
func (b *broadcast) Video(au []byte, key bool, at time.Duration) { b.queue.Picture(0, au, key, at) }

// Audio takes a packet of sound.
func (b *broadcast) Audio(packet []byte, at time.Duration) { b.queue.Packet(0, packet, at) }

// Ended ends the broadcast.
func (b *broadcast) Ended() { close(b.ended) }

func (b *broadcast) over() bool {
	select {
	case <-b.ended:
		return true
	default:
		return false
	}
}

// run feeds the muxer until no more media comes. Then it keeps the files for Config.Linger.
func (b *broadcast) run() {
	b.pump()
	b.finish()
	b.log.Info("broadcast ended")
	b.mix.NotifyBroadcast(false)
	linger := time.NewTimer(b.home.cfg.Linger)
	defer linger.Stop()
	if len(b.past) > 0 {
		select {
		case <-linger.C:
		case <-b.home.quit:
		}
	}
	for _, s := range b.past {
		s.drop()
	}
}

func (b *broadcast) pump() {
	idle := time.NewTicker(b.home.cfg.Idle / 10)
	defer idle.Stop()
	for {
		select {
		case u := <-b.queue.C:
			b.take(u)
		case <-idle.C:
			if b.demand.Load() && time.Since(time.Unix(0, b.asked.Load())) > b.home.cfg.Idle {
				b.stop()
			}
		case <-b.ended:
			for len(b.queue.C) > 0 {
				b.take(<-b.queue.C)
			}
			return
		}
	}
}

// take adds a unit to the session, or to a new session if the parameter sets have changed.
func (b *broadcast) take(u *intake.Unit) {
	defer b.queue.Done(u)
	if !u.Video {
		if b.now != nil {
			b.now.sound(u)
		}
		return
	}
	p, err := parse(u)
	if err != nil {
		b.log.Warn("access unit not broadcast", "error", err)
		return
	}
	if u.Key && (b.now == nil || !b.now.fits(p)) {
		b.roll(p, u.At)
	}
	if b.now == nil {
		return
	}
	if err := b.now.picture(p, u); err != nil {
		b.log.Warn("broadcast broken, begins anew", "error", err)
		b.end()
	}
}

// roll begins a session in place of the last.
func (b *broadcast) roll(p pictureUnits, at time.Duration) {
	b.end()
	s, err := newSession(b, p, at)
	if err != nil {
		b.log.Error("no broadcast", "error", err)
		return
	}
	b.now = s
	s.begin()
}

// end ends the present session.
func (b *broadcast) end() {
	if b.now == nil {
		return
	}
	const kept = 2 // sessions that ended and are still served
	s := b.now
	b.now = nil
	b.announce(nil)
	s.finish()
	b.past = append(b.past, s)
	if len(b.past) > kept {
		b.past[0].drop()
		b.past = append(b.past[:0], b.past[1:]...)
	}
}

// finish ends the broadcast.
func (b *broadcast) finish() {
	b.end()
	b.home.remove(b)
	pictures, packets := b.queue.Dropped()
	b.home.droppedPictures.Add(pictures)
	b.home.droppedPackets.Add(packets)
	close(b.done)
}

// announce sets the session that players can play; nil: none.
func (b *broadcast) announce(s *session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready = s
	close(b.news)
	b.news = make(chan struct{})
}

// await waits for a session that players can play, until ctx or the broadcast ends.
func (b *broadcast) await(ctx context.Context) (*session, error) {
	for {
		b.mu.Lock()
		s, news := b.ready, b.news
		b.mu.Unlock()
		if s != nil {
			return s, nil
		}
		select {
		case <-news:
		case <-b.done:
			return nil, fmt.Errorf("broadcast of room %q: %w", b.room, mcu.ErrNotFound)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// touch records the request of a player.
func (b *broadcast) touch() { b.asked.Store(time.Now().UnixNano()) }

func (b *broadcast) info() Info {
	i := Info{Room: b.room, State: Starting, Since: b.since, Viewers: b.crowd.count(time.Now())}
	b.mu.Lock()
	i.View = b.view
	if b.ready != nil {
		i.State = On
	}
	b.mu.Unlock()
	i.DroppedPictures, i.DroppedPackets = b.queue.Dropped()
	return i
}
