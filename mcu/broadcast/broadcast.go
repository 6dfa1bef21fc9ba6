package broadcast

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/elapsed"
	"tilemix/mcu/intake"
	"tilemix/mcu/ladder"
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

	rungs  []ladder.Rung // renditions of the picture, largest first; attach sets them
	radio  bool          // there is a rendition of sound alone
	wish   Options
	queue  *intake.Queue // attach sets it; see dropped
	demand atomic.Bool   // it stops when no player sends requests
	base   elapsed.Base
	asked  atomic.Int64 // when the last request came, of base
	since  time.Time
	crowd  *audience
	ended  chan struct{} // closed when no more media comes
	done   chan struct{} // closed when the playlists have ended

	mu                sync.Mutex
	detach            func()
	view              string
	notice            string        // why something that was wished is left out
	fallen            string        // why it shows the room's view; "": it shows what was wished
	renditions, audio []string      // that players can choose from
	halt              bool          // stop was called
	ready             *session      // the session that players can play; nil: none now
	news              chan struct{} // closed when ready changes

	stream stream // owned by run, and by attach before that
}

func newBroadcast(home *Broadcaster, room string) *broadcast {
	b := &broadcast{
		home: home, room: room, log: home.log.With("room", room),
		since: time.Now().UTC(), crowd: newAudience(), ended: make(chan struct{}), done: make(chan struct{}), news: make(chan struct{}),
	}
	b.touch()
	return b
}

// attach has the room fill the queue. mcu.ErrNotFound says that the room has ended.
func (b *broadcast) attach(find func(room string) (handle, error), o Options) error {
	err := b.join(find, o)
	if errors.Is(err, mcu.ErrClosed) { // meanwhile
		err = fmt.Errorf("room %q: %w", b.room, mcu.ErrNotFound)
	}
	if err != nil {
		b.stream.mute()
		close(b.done)
		return err
	}
	b.mu.Lock()
	halt, detach := b.halt, b.detach
	b.mu.Unlock()
	if halt { // meanwhile
		detach()
	}
	return nil
}

// join is attach, but for its end.
func (b *broadcast) join(find func(room string) (handle, error), o Options) (err error) {
	b.wish = o
	if b.mix, err = find(b.room); err != nil {
		return err
	}
	pace := media.SinkOptions{KeyInterval: keyInterval, PictureInterval: pictureInterval, Rung: b.picture, Of: "broadcast", Fallen: b.fell}
	if o.View != nil {
		pace.View = *o.View
	}
	rungs, err := b.mix.Rungs(pace.View)
	if err != nil {
		return err
	}
	if pace.Rungs, b.radio, err = choose(o.Renditions, rungs); err != nil {
		return err
	}
	for _, n := range pace.Rungs {
		b.rungs = append(b.rungs, rungs[n])
	}
	b.stream = stream{of: b, next: lineup{pictures: make([][]*intake.Unit, len(b.rungs))}}
	size := intake.Default()
	size.Pictures *= len(b.rungs)
	b.mu.Lock()
	b.queue = intake.NewQueue(size)
	b.mu.Unlock()
	if err := b.stream.speak(o.Audio); err != nil {
		return err
	}
	detach, err := b.mix.Attach(b, pace)
	b.mu.Lock()
	b.detach, b.view = detach, pace.View.String()
	b.mu.Unlock()
	return err
}

// fell takes note that the broadcast shows the room's view instead of its own.
func (b *broadcast) fell(view string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.view, b.fallen = views.Wish{}.String(), media.Fell(view)
}

// offer takes note of what players can choose from, and why that is not all that was wished.
func (b *broadcast) offer(audio []string, notice string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notice, b.audio, b.renditions = notice, audio, nil
	for _, r := range b.rungs {
		b.renditions = append(b.renditions, name(r))
	}
	if b.radio {
		b.renditions = append(b.renditions, soundOnly)
	}
}

// change gives a broadcast that is on what options wish. Its renditions stay as they are.
func (b *broadcast) change(o Options) error {
	if o.Renditions != nil && !same(o.Renditions, b.wish.Renditions) || o.Audio != nil && !same(o.Audio, b.wish.Audio) {
		return ErrOther
	}
	if o.View == nil {
		return nil
	}
	return b.show(*o.View)
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
	b.view, b.fallen = w.String(), ""
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

// Video takes an access unit of the first rendition.
func (b *broadcast) Video(au []byte, key bool, at time.Duration) { b.picture(0, au, key, at) }

// picture takes an access unit of a rendition.
func (b *broadcast) picture(n int, au []byte, key bool, at time.Duration) {
	b.queue.Picture(n, au, key, at)
}

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
	b.stream.mute()
	b.finish()
	linger := time.NewTimer(b.home.cfg.Linger)
	defer linger.Stop()
	if len(b.stream.past) > 0 {
		select {
		case <-linger.C:
		case <-b.home.quit:
		}
	}
	for _, s := range b.stream.past {
		s.drop()
	}
}

func (b *broadcast) pump() {
	idle := time.NewTicker(b.home.cfg.Idle / 10)
	defer idle.Stop()
	for {
		select {
		case u := <-b.queue.C:
			b.stream.take(u)
		case <-idle.C:
			if b.demand.Load() && b.crowd.waits.Load() == 0 && b.unasked(time.Now()) > int64(b.home.cfg.Idle) {
				b.stop()
			}
		case <-b.ended:
			for len(b.queue.C) > 0 {
				b.stream.take(<-b.queue.C)
			}
			return
		}
	}
}

// finish ends the broadcast.
func (b *broadcast) finish() {
	b.stream.end()
	b.log.Info("broadcast ended")
	b.mix.NotifyBroadcast(false) // before another begins, which says that it is on
	b.home.remove(b)
	close(b.done)
}

// dropped returns how much came faster than it was taken: nothing until a room is attached.
func (b *broadcast) dropped() (pictures, packets uint64) {
	b.mu.Lock()
	queue := b.queue
	b.mu.Unlock()
	if queue == nil {
		return 0, 0
	}
	return queue.Dropped()
}

func (b *broadcast) info() Info {
	i := Info{Room: b.room, State: Starting, Since: b.since, Viewers: b.crowd.count(time.Now())}
	b.mu.Lock()
	i.View, i.Notice, i.Renditions, i.Audio = b.view, cmp.Or(b.fallen, b.notice), b.renditions, b.audio
	if b.ready != nil {
		i.State = On
	}
	b.mu.Unlock()
	i.DroppedPictures, i.DroppedPackets = b.dropped()
	return i
}
