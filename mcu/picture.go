package mcu

import (
	"context"
	"time"

	"tilemix/mcu/rtptime"
	"tilemix/mixer/video"
)

const (
	// stale is how long a camera's last picture is shown when no more come, and
	// outdated how long one of before he was hidden or had his camera off.
	stale    = 10 * time.Second
	outdated = 3 * time.Second
	// keepAlive is the time between two access units of a picture that does
	// not change.
	keepAlive = time.Second
	// settle is how long a picture without cameras is encoded after it changed:
	// a single IDR of it would stay as coarse as rate control made it.
	settle = 2 * time.Second
	// maxReplayed bounds the access units that newcomers are sent in one tick, some
	// six packets each.
	maxReplayed = 240
	// soundHeaders is what the headers of sound take, in bits a second: 50 packets,
	// with UDP and SRTP.
	soundHeaders = 50 * 40 * 8
)

// pictureClock draws and sends the room's picture. One goroutine owns it.
type pictureClock struct {
	room  *Room
	scene *scene
	pace  *pacer
	tiles []video.Tile
	view  *view

	strain    strain    // of the machine
	soundRate int       // what sound takes of a viewer's line, bits a second
	waiting   int       // viewers who wait for a rendition
	at        time.Time // of the last tick
	woke      time.Time // when it began to tick, last
	changed   time.Time // when the picture last did

	arrived []time.Time // the new pictures of this tick
}

func newPictureClock(r *Room) *pictureClock {
	cfg := r.server.cfg
	return &pictureClock{
		room: r, scene: r.scene.Load(), view: newView(r),
		pace:      newPacer(time.Second / time.Duration(cfg.FrameRate)),
		soundRate: cfg.AudioBitrate + soundHeaders,
	}
}

func (c *pictureClock) run(ctx context.Context) {
	defer c.advance()
	defer c.view.close()
	for {
		if c.idle(time.Now()) {
			if !c.rest(ctx) {
				return
			}
			continue
		}
		missed, ok := c.wait(ctx)
		if !ok {
			return
		}
		c.room.server.stats.missedPictures.Add(float64(missed))
		c.strain.tick(missed)
		c.tick(time.Now())
	}
}

// wait waits for the next tick and sends what renditions' goroutines have encoded.
func (c *pictureClock) wait(ctx context.Context) (missed int, ok bool) {
	missed = c.pace.arm()
	for {
		select {
		case <-c.pace.timer.C:
			return missed, true
		case res := <-c.view.results:
			c.take(res)
		case <-ctx.Done():
			return 0, false
		}
	}
}

// tick is one picture: from the scene and the newest picture of each camera to
// packets on the wire.
func (c *pictureClock) tick(now time.Time) {
	c.advance()
	if !c.scene.watched() {
		return
	}
	c.at = now
	c.steer(now)
	c.keepSinks(now)
	c.view.sweep(now, linger)
	if !c.view.used() {
		return
	}
	c.gather(now)
	if c.room.canvas.Compose(c.tiles) {
		c.changed = now
		c.view.touch()
	}
	c.room.server.stats.compose.Observe(time.Since(now).Seconds())
	c.welcome(now)
	canvas := c.room.canvas.Canvas()
	if r := c.view.lead(); r != nil && r.due(now, c.view.tick) {
		r.stale, r.encoded = false, now
		start := time.Now()
		packets, err := r.enc.Encode(canvas, now)
		c.take(result{r: r, packets: packets, at: now, took: time.Since(start), err: err})
	}
	c.view.hand(canvas, now)
}

// take sends a picture that was encoded to all who take its rendition.
func (c *pictureClock) take(res result) {
	if !c.view.settle(res) {
		return
	}
	c.feed(res)
	encoded := time.Now()
	for i := range c.scene.seats {
		if s := &c.scene.seats[i]; s.picture != nil {
			s.p.sight.write(s.picture, res.r, res.packets)
		}
	}
	c.observe(res, encoded)
}

// observe counts the time of a tick's best rendition: the others come after it.
func (c *pictureClock) observe(res result, encoded time.Time) {
	for _, r := range c.view.all {
		if r != res.r && r.takers > 0 {
			return
		}
		if r == res.r {
			break
		}
	}
	stats := c.room.server.stats
	stats.encode.Observe(res.took.Seconds())
	stats.send.Observe(time.Since(encoded).Seconds())
	if res.at != c.at {
		return
	}
	for _, at := range c.arrived {
		stats.pictureLatency.Observe(encoded.Sub(at).Seconds())
	}
}

// welcome serves those who wait for a rendition, a few in one tick.
func (c *pictureClock) welcome(now time.Time) {
	replayed := 0
	for i := range c.scene.seats {
		s := &c.scene.seats[i]
		if s.picture == nil {
			continue
		}
		if replayed += s.p.sight.replay(s.picture, now); replayed > maxReplayed {
			return
		}
	}
}

// gather fills c.tiles, and c.arrived for each new picture in them.
func (c *pictureClock) gather(now time.Time) {
	c.tiles = c.tiles[:0]
	c.arrived = c.arrived[:0]
	for i := range c.scene.seats {
		s := &c.scene.seats[i]
		if s.video != nil && (s.tile.Empty() || s.cameraOff) {
			s.video.Rest()
		}
		if s.tile.Empty() {
			c.judge(s, false, now)
			continue
		}
		c.tiles = append(c.tiles, c.tile(s, now))
	}
}

// tile is what a seat's tile shows.
func (c *pictureClock) tile(s *seat, now time.Time) video.Tile {
	t := video.Tile{
		ID: s.p.public, Rect: s.tile, Name: s.p.name, Speaking: s.speaking, Muted: s.muted,
		Hidden: s.hidden,
	}
	if s.video == nil || s.cameraOff {
		t.Status = c.judge(s, false, now)
		return t
	}
	f, fresh := s.video.Picture(s.voice, now)
	if fresh {
		s.p.sight.version++
		c.arrived = append(c.arrived, f.At)
		waited := now.Sub(f.Ready)
		c.room.server.stats.wait.Observe(waited.Seconds())
		if s.floor && waited <= c.pace.Period() { // else it was held for its sound
			c.pace.Shift(rtptime.PhaseCorrection(waited, c.pace.Period()))
		}
	}
	t.Status = c.judge(s, fresh, now)
	if f == nil {
		return t
	}
	keep := stale
	if f.At.Before(s.p.health.began) {
		keep = outdated
	}
	if now.Sub(f.At) < keep {
		t.Picture, t.Version = &f.YCbCr, s.p.sight.version
	}
	return t
}

// idle tells whether no picture is due until the scene changes or a key frame
// is asked for.
func (c *pictureClock) idle(now time.Time) bool {
	if c.scene.next.Load() != nil {
		return false
	}
	if !c.scene.watched() {
		return true
	}
	return len(c.scene.sinks) == 0 && c.waiting == 0 && !c.scene.cameras() && now.Sub(c.changed) > settle
}

// rest waits until there is something to do. It returns false when ctx ends.
func (c *pictureClock) rest(ctx context.Context) bool {
	if !c.scene.watched() {
		c.unwatch()
	}
	select {
	case <-c.scene.superseded:
	case <-c.room.kick:
		c.steer(time.Now()) // there may be nothing to do
	case res := <-c.view.results:
		c.take(res)
	case <-ctx.Done():
		return false
	}
	c.pace.Rest()
	c.woke = time.Now()
	return true
}

// unwatch ends all renditions, as there is nobody to take them.
func (c *pictureClock) unwatch() {
	c.waiting = 0
	for _, r := range c.view.all {
		r.takers = 0
	}
	c.view.sweep(time.Now(), 0)
}

// advance walks to the newest scene and lets go of what departed on the way.
func (c *pictureClock) advance() {
	for next := c.scene.next.Load(); next != nil; next = c.scene.next.Load() {
		c.scene = next
		for _, d := range next.departed {
			if d.video != nil {
				d.video.Release()
			}
			if d.sink != nil {
				d.sink.release()
			}
		}
	}
}
