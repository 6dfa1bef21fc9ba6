package picture

import (
	"image"
	"time"

	"tilemix/codec/yuv"
	"tilemix/mcu/health"
	"tilemix/mcu/pace"
	"tilemix/mcu/rtptime"
	"tilemix/mcu/scene"
	"tilemix/mixer/decor"
	"tilemix/mixer/layout"
	"tilemix/mixer/video"
)

const (
	// stale (10 s) is how long a camera's last picture is shown when no more come, and
	// outdated (3 s) how long one of before the camera was hidden or off.
	stale    = 10 * time.Second
	outdated = 3 * time.Second
)

// sources looks at the cameras. It belongs to the picture clock.
type sources struct {
	env   Env
	pace  *pace.Timer
	awake time.Time // since when the clock has ticked without a rest

	state map[layout.SourceID]*camera
	list  []*camera // of the scene, in its order

	arrived []time.Time // the new pictures of this tick
	drawn   []video.Tile
}

// camera is what the clock keeps of a source, while its participant is in the room.
type camera struct {
	version  uint64 // of its picture
	health   health.Health
	reported video.Status // Still as Weak
	tile     video.Tile   // as it is in this tick, without a place
	frame    *yuv.Frame   // of tile.Picture, which may be there in other sizes too
}

func newSources(env Env, pace *pace.Timer) *sources {
	return &sources{env: env, pace: pace, state: make(map[layout.SourceID]*camera)}
}

// follow takes the sources of a scene.
func (c *sources) follow(s *scene.Scene) {
	c.list = c.list[:0]
	for i := range s.Sources {
		id := s.Sources[i].ID
		if c.state[id] == nil {
			c.state[id] = &camera{}
		}
		c.list = append(c.list, c.state[id])
	}
}

// forget drops what is kept of a participant that left.
func (c *sources) forget(participant string) {
	for id := range c.state {
		if id.Participant == participant {
			delete(c.state, id)
		}
	}
}

// look takes the newest picture of each camera that is seen.
func (c *sources) look(s *scene.Scene, now time.Time) {
	c.arrived = c.arrived[:0]
	for i, src := range c.list {
		from := &s.Sources[i]
		m := &s.Members[from.Member]
		seen := s.Seen(i)
		if from.Camera != nil && (!seen || from.Off) {
			from.Camera.Rest()
		}
		if !seen {
			c.assess(src, s, i, false, now)
			continue
		}
		src.tile = video.Tile{ID: m.ID, Name: m.Name, Speaking: m.Speaking, Muted: m.Muted || m.NoMicrophone, Hand: m.Hand}
		if m.Reacting(now) {
			src.tile.Reaction = decor.Reaction{Picture: m.Reaction, Word: m.ReactionWord}
		}
		if from.ID.Kind == layout.Screen {
			src.tile = video.Tile{ID: m.ID, Bare: true}
		}
		if from.Camera == nil || from.Off {
			src.tile.Status = c.assess(src, s, i, false, now)
			continue
		}
		c.picture(src, s, i, now)
	}
}

// picture takes the newest picture of a camera that is on and seen.
func (c *sources) picture(src *camera, s *scene.Scene, i int, now time.Time) {
	f, fresh := s.Sources[i].Camera.Picture(now)
	if fresh {
		src.version++
		c.arrived = append(c.arrived, f.At)
		waited := now.Sub(f.Ready)
		c.env.Metrics.wait.Observe(waited.Seconds())
		if s.Sources[i].ID.Kind == layout.Camera && s.Members[s.Sources[i].Member].Floor && waited <= c.pace.Period() { // else it was held for its sound
			c.pace.Shift(rtptime.PhaseCorrection(waited, c.pace.Period()))
		}
	}
	src.tile.Status = c.assess(src, s, i, fresh, now)
	if f == nil {
		return
	}
	keep := stale
	if f.At.Before(src.health.Began()) {
		keep = outdated
	}
	still := s.Sources[i].ID.Kind == layout.Screen && keep == stale // a slide may stand for an hour without a picture
	if still || now.Sub(f.At) < keep {
		src.frame, src.tile.Picture, src.tile.Version = f, &f.YCbCr, src.version
	}
}

// assess finds out how a source comes, and reports that when it changes.
func (c *sources) assess(src *camera, s *scene.Scene, i int, fresh bool, now time.Time) video.Status {
	from := &s.Sources[i]
	m := &s.Members[from.Member]
	in := health.Observation{
		Expected:     from.Camera != nil && !from.Off && s.Seen(i),
		Fresh:        fresh,
		Disconnected: m.MediaLost, ControlLost: m.ControlLost,
		Awake: c.awake,
	}
	if from.Camera != nil {
		in.Camera = from.Camera
	}
	line := src.health.Update(in, now)
	report := line
	if report == video.Frozen {
		report = video.Degraded
	}
	if report != src.reported && c.env.Reporter.HealthChanged(from.ID, report) {
		src.reported = report
	}
	if line == video.OK && m.Unseen != "" && from.ID.Kind == layout.Camera {
		return video.Degraded // the sign, where there is no picture that could be bad
	}
	return line
}

// tiles returns what a view shows, until the next call.
func (c *sources) tiles(s *scene.Scene, v *scene.View) []video.Tile {
	c.drawn = c.drawn[:0]
	for i := range s.Sources {
		if place := v.Places[i]; !place.Rect.Empty() {
			t := c.list[i].tile
			t.Rect, t.Hidden, t.Trim = place.Rect, place.Hidden, place.Trim
			if t.Picture != nil && c.list[i].frame.Other != nil {
				t.Picture = fitting(s.Sources[i].ID.Kind.In(place.Trim), c.list[i].frame, t.Rect)
			}
			c.drawn = append(c.drawn, t)
		}
	}
	return c.drawn
}

// fitting returns the picture of a frame that has the size of its place in a tile, or the first, which
// the compositor scales.
func fitting(kind layout.SourceKind, f *yuv.Frame, tile image.Rectangle) *image.YCbCr {
	for o := f; o != nil; o = o.Other {
		if _, place := kind.Fit(o.Rect.Size(), tile); place.Size() == o.Rect.Size() {
			return &o.YCbCr
		}
	}
	return &f.YCbCr
}
