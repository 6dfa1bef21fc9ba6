package mcu

import (
	"context"
	"time"

	"tilemix/mixer/video"
)

const (
	// stale is how long a camera's last picture is shown when no more come.
	stale = 3 * time.Second
	// keepAlive is the time between two access units of a picture that does
	// not change.
	keepAlive = time.Second
	// settle is how long a picture without cameras is encoded after it changed:
	// a single IDR of it would stay as coarse as rate control made it.
	settle = 2 * time.Second
	// maxReplayed bounds the access units that newcomers are sent in one tick, some
	// six packets each.
	maxReplayed = 240
)

// pictureClock draws and sends the room's picture. One goroutine owns it.
type pictureClock struct {
	room  *Room
	scene *scene
	pace  *pacer
	tiles []video.Tile

	arrived []time.Time // the new pictures of this tick

	changed time.Time // when the picture last did
	encoded time.Time // when it was last encoded
}

// sight is what the picture clock keeps of a participant.
type sight struct{ version uint64 }

func newPictureClock(r *Room) *pictureClock {
	period := time.Second / time.Duration(r.server.cfg.FrameRate)
	return &pictureClock{room: r, scene: r.scene.Load(), pace: newPacer(period)}
}

func (c *pictureClock) run(ctx context.Context) {
	defer c.advance()
	for {
		if c.idle(time.Now()) {
			if !c.rest(ctx) {
				return
			}
			continue
		}
		missed, ok := c.pace.wait(ctx)
		if !ok {
			return
		}
		c.room.server.stats.missedPictures.Add(float64(missed))
		c.tick(time.Now())
	}
}

// tick is one picture: from the scene and the newest picture of each camera to
// packets on the wire.
func (c *pictureClock) tick(now time.Time) {
	c.advance()
	if !c.scene.watched() {
		return
	}
	c.gather(now)
	if c.room.canvas.Compose(c.tiles) {
		c.changed = now
	}
	composed := time.Now()
	stats := c.room.server.stats
	stats.compose.Observe(composed.Sub(now).Seconds())
	c.welcome(now)
	if c.changed != now && now.Sub(c.encoded) < keepAlive && !c.room.view.KeyDue(now) {
		return
	}
	c.encoded = now
	packets, err := c.room.view.Encode(c.room.canvas.Canvas(), now)
	if err != nil {
		stats.encodeErrors.Inc()
		return
	}
	encoded := time.Now()
	stats.encode.Observe(encoded.Sub(composed).Seconds())
	for i := range c.scene.seats {
		if d := c.scene.seats[i].picture; d != nil {
			d.Write(packets)
		}
	}
	sent := time.Now()
	stats.send.Observe(sent.Sub(encoded).Seconds())
	for _, at := range c.arrived {
		stats.pictureLatency.Observe(encoded.Sub(at).Seconds())
	}
}

// welcome serves newcomers by replay, a few in one tick, and asks for an IDR
// where that cannot be.
func (c *pictureClock) welcome(now time.Time) {
	replayed := 0
	for i := range c.scene.seats {
		d := c.scene.seats[i].picture
		if d == nil || !d.Waits() {
			continue
		}
		if !c.room.view.CanReplay(now) {
			c.room.view.RequestKeyFrame()
			return
		}
		if replayed += c.room.view.Replay(d, now); replayed > maxReplayed {
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
			continue
		}
		t := video.Tile{
			ID: s.p.public, Rect: s.tile, Name: s.p.name, Speaking: s.speaking, Muted: s.muted,
			Hidden: s.hidden,
		}
		if s.video != nil && !s.cameraOff {
			f, fresh := s.video.Picture(s.voice, now)
			if fresh {
				s.p.sight.version++
				c.arrived = append(c.arrived, f.At)
				c.room.server.stats.wait.Observe(now.Sub(f.Ready).Seconds())
				if s.floor {
					c.pace.shift(lean(now.Sub(f.Ready), c.pace.period))
				}
			}
			if f != nil && now.Sub(f.At) < stale {
				t.Picture, t.Version = &f.YCbCr, s.p.sight.version
			}
		}
		c.tiles = append(c.tiles, t)
	}
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
	return !c.scene.cameras() && now.Sub(c.changed) > settle
}

// rest waits until there is something to do. It returns false when ctx ends.
func (c *pictureClock) rest(ctx context.Context) bool {
	select {
	case <-c.scene.superseded:
	case <-c.room.kick:
		c.changed = time.Now()
	case <-ctx.Done():
		return false
	}
	c.pace.rest()
	return true
}

// advance walks to the newest scene and lets go of what departed on the way.
func (c *pictureClock) advance() {
	for next := c.scene.next.Load(); next != nil; next = c.scene.next.Load() {
		c.scene = next
		for _, d := range next.departed {
			if d.video != nil {
				d.video.Release()
			}
		}
	}
}
