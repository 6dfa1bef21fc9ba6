package picture

import (
	"context"
	"image"
	"log/slog"
	"time"

	"tilemix/mcu/fonts"
	"tilemix/mcu/headroom"
	"tilemix/mcu/ladder"
	"tilemix/mcu/media"
	"tilemix/mcu/pace"
	"tilemix/mcu/relay"
	"tilemix/mcu/rendition"
	"tilemix/mcu/scene"
	"tilemix/mcu/viewer"
)

const (
	// settle (2 s) is how long a picture without cameras is encoded after it changed: a
	// single IDR of it would stay as coarse as rate control made it.
	settle = 2 * time.Second
	// soundHeaders is what the headers of sound take, in bits a second: 50 packets, with
	// UDP and SRTP.
	soundHeaders = 50 * 40 * 8
	// outputs is how many pictures wait for the clock, at most one of each rendition.
	outputs = 64
)

// Env is what a clock needs of its room.
type Env struct {
	Epoch     time.Time      // of all timestamps
	Size      image.Point    // of the room's canvas, pixels, even
	Rungs     []ladder.Rung  // that viewers may have
	FrameRate int            // pictures a second
	Fonts     *fonts.Library // of texts that the font in the binary lacks
	Lobby     string         // the room that this is the lobby of; "": this is a room
	Sound     int            // bitrate of sound that viewers receive too, bits a second
	Codecs    media.VideoCodecs
	Relay     *relay.Remote // that renditions are pulled by, instead of being drawn; nil: this is a room's home
	Headroom  *headroom.Headroom
	Reporter  scene.Reporter
	Metrics   *Metrics
	Log       *slog.Logger
}

// Clock draws and sends one room's picture. The goroutine that calls Run owns it.
type Clock struct {
	env      Env
	cursor   *scene.Cursor
	pace     *pace.Timer
	overload viewer.Overload
	gallery
	sources  *sources
	audience *audience
	partings scene.Partings
	sinks    sinks

	at      time.Time    // of the last tick
	changed time.Time    // when any view last did
	scene   *scene.Scene // of the last tick
	stirred time.Time    // when that was new, or a viewer began
	alarm   *time.Timer  // for a picture that changes by itself while the clock rests

	counts
}

// NewClock returns a clock that begins at the newest scene of a chain. It fails when the
// size is none that a canvas can have.
func NewClock(env Env, chain *scene.Chain) (*Clock, error) {
	c := &Clock{
		env: env, cursor: chain.Cursor(),
		pace: pace.New(time.Second / time.Duration(env.FrameRate)), alarm: time.NewTimer(time.Hour),
	}
	c.alarm.Stop()
	var err error
	if c.gallery, err = newGallery(env); err != nil {
		return nil, err
	}
	c.sources = newSources(env, c.pace)
	c.audience = newAudience(env)
	return c, nil
}

// Run draws until ctx ends. It rests while there is nothing to be seen.
func (c *Clock) Run(ctx context.Context) {
	defer c.advance()
	defer c.close()
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
		c.env.Metrics.missed.Add(float64(missed))
		c.missed.Add(uint64(missed))
		c.overload.Tick(missed)
		now := time.Now()
		c.strained(missed, now)
		late := c.pace.Late(now)
		if late > c.pace.Period()/4 {
			c.late.Add(1)
		}
		c.env.Headroom.Tick(late, missed, c.pace.Period(), now)
		c.tick(now)
	}
}

// wait waits for the next tick and sends what renditions' goroutines have encoded.
func (c *Clock) wait(ctx context.Context) (missed int, ok bool) {
	missed = c.pace.Arm()
	for {
		select {
		case <-c.pace.C():
			return missed, true
		case out := <-c.out:
			c.take(out)
		case <-c.cursor.Woken():
			c.advance() // a participant that moves waits for the clock to let go
		case <-ctx.Done():
			return 0, false
		}
	}
}

// tick is one picture: from the scene and the newest picture of each camera to packets on
// the wire.
func (c *Clock) tick(now time.Time) {
	c.advance()
	s := c.cursor.Scene()
	if !s.Watched() {
		return
	}
	c.at = now
	if s != c.scene {
		c.scene, c.stirred = s, now
	}
	c.choose(s, now)
	if c.env.Relay != nil {
		c.audience.relayed(c.views[0], now)
		return
	}
	c.sinks.request(s, c.views, now)
	used := false
	for _, v := range c.views {
		v.sweep(now, linger)
		used = used || c.sinks.seen(s, c.views, v)
	}
	if !used {
		return
	}
	c.sources.look(s, now)
	for i, v := range c.views {
		if !c.sinks.seen(s, c.views, v) {
			v.dark = true
			continue
		}
		shown := s.Shown(i)
		v.transit(shown, c.overload.Strained(), now)
		if v.due() && v.compose(c.sources.tiles(s, &s.Views[i]), s.Waiting, shown, s.Views[i].Ground, now) {
			c.changed = now
		}
	}
	c.sinks.expose(s, c.views)
	composing := time.Since(now)
	c.composing.Add(int64(composing))
	c.env.Metrics.compose.Observe(composing.Seconds())
	c.audience.replay(now)
	for _, v := range c.views {
		if out, due := v.encodeLead(now); due {
			c.take(out)
		}
		v.offer(now)
	}
}

// choose finds out which rendition each viewer is to have.
func (c *Clock) choose(s *scene.Scene, now time.Time) {
	for _, v := range c.views {
		v.recount()
	}
	if c.audience.choose(s, c.views, c.overload, now) {
		c.changed, c.stirred = now, now // what a viewer begins with is coarse
	}
}

// take sends a picture that was encoded to all who take its rendition.
func (c *Clock) take(out rendition.Output) {
	r := out.Of
	packets, ok := r.Take(out)
	c.encoding.Add(int64(out.Took))
	if len(c.ending) > 0 {
		defer c.end()
	}
	switch {
	case out.Err != nil && !r.Ready():
		c.env.Log.Error("no encoder for a rendition", "height", r.Rung().Size.Y, "error", out.Err)
		fallthrough
	case out.Err != nil:
		c.env.Metrics.errors.Inc()
		return
	case out.Ready && c.env.Relay != nil: // nothing is encoded
		return
	case out.Ready:
		c.env.Metrics.renditions.Count(r)
		return
	}
	encoded := time.Now()
	if ok && out.Lent {
		c.audience.deliver(r, packets, encoded)
		out.Unit.Release()
		return
	}
	if ok {
		c.sinks.feed(c.cursor.Scene(), c.views, out, out.At.Sub(c.env.Epoch))
		encoded = time.Now()
		began := time.Time{}
		if c.views[0].best(r) {
			began = encoded
		}
		c.audience.deliver(r, packets, began)
	}
	c.observe(out, encoded)
}

// observe counts the time of a tick's best rendition: the others come after it.
func (c *Clock) observe(out rendition.Output, encoded time.Time) {
	if !c.views[0].best(out.Of) {
		return
	}
	m := c.env.Metrics
	m.encode.Observe(out.Took.Seconds())
	if out.At != c.at {
		return
	}
	for _, at := range c.sources.arrived {
		m.latency.Observe(encoded.Sub(at).Seconds())
	}
}

// advance walks to the newest scene and lets go of what departed on the way.
func (c *Clock) advance() {
	was := c.cursor.Scene()
	for c.cursor.Next() {
		for _, d := range c.cursor.Scene().Departed {
			if d.Camera != nil {
				d.Camera.Release()
			}
			if d.Sink != nil {
				c.sinks.release(d.Sink)
			}
			if d.Left {
				c.sources.forget(d.ID)
				c.audience.forget(d.ID)
			}
			c.partings.Add(d)
		}
	}
	if s := c.cursor.Scene(); s != was && len(c.views) > 0 { // else the clock has ended
		c.show(s)
		c.sources.follow(s)
		c.audience.follow(s, c.views)
	}
	c.partings.Tell()
}

// close ends all views.
func (c *Clock) close() {
	c.audience.fan.Close()
	c.gallery.close()
}
