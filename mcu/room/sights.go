package room

import (
	"errors"
	"fmt"
	"image"
	"maps"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"tilemix/mcu/control"
	"tilemix/mcu/media"
	"tilemix/mcu/policy"
	"tilemix/mcu/scene"
	"tilemix/mcu/session"
	"tilemix/mcu/stats"
	"tilemix/mcu/uplink"
	"tilemix/mcu/views"
	"tilemix/mcu/views/pool"
	"tilemix/mixer/layout"
)

// A participant changes its view once in viewEvery (250 ms) and viewBurst (4) times at once,
// because a view that begins is an encoder.
const viewEvery, viewBurst = 250 * time.Millisecond, 4

// What an actor is sent whose wish has no effect.
var (
	errViews    = errors.New("the server has as many views as it can draw: you keep the view that you have")
	errStrain   = errors.New("the server is too busy for your view: you have the room's view for now")
	errOverlays = errors.New("the room has no overlays of that name: take a name that a host gave, or none")
	errHeld     = fmt.Errorf("%w: a host holds your view", policy.ErrForbidden)
	errWhirl    = errors.New("you have changed your view too often: try again in a second")
)

// outlook is what a viewer or a sink wishes to see and has. The zero value is the room's view.
type outlook struct {
	wish views.Wish
	has  views.ViewKey
	held bool          // a host holds it
	told views.ViewKey // whose tiles the client knows
	tale string        // the public ID of whom the client knows to follow; "": nobody

	changes *rate.Limiter // of a viewer's own wishes

	// Of a sink: the canvas that it has from beginning to end, zero for the room's, and why it was
	// refused its last wish.
	size  image.Point
	fault error
}

// tell takes note that the client is told the layout of its view, and returns the message: the one that
// all have, or a copy that says whom the client follows.
func (o *outlook) tell(seen *tableau) control.Layout {
	o.told, o.tale = seen.key, o.wish.Follow
	message := seen.layout
	if o.tale != "" {
		w := seen.key.Wish()
		w.Follow = o.tale
		message.View = &w
	}
	return message
}

// knows tells whether the client was told of the view that it has.
func (o *outlook) knows(key views.ViewKey) bool { return o.told == key && o.tale == o.wish.Follow }

// sights decide which views the room has, and who has which. They belong to the loop.
type sights struct {
	loop    *loop
	pool    *pool.Chooser
	timer   *time.Timer // for a view that lingers
	places  map[views.ViewKey]*layout.Places
	sinks   map[*media.Attachment]*outlook // of those that take another view than the room's
	imposed map[string]control.Set         // by a host on all of a selector
	wants   []pool.Want
}

func newSights(l *loop, stopped *time.Timer) *sights {
	soon := func() { go l.room.post(l.publish) }
	return &sights{
		loop: l, timer: stopped, pool: pool.NewChooser(l.room.env.Views, soon),
		places: map[views.ViewKey]*layout.Places{}, sinks: map[*media.Attachment]*outlook{}, imposed: map[string]control.Set{},
	}
}

// choose gives a scene its views, and each of its viewers, whose members these are, and of its sinks
// the one that it has.
func (o *sights) choose(s *scene.Scene, watchers []*member, hasTile func(i int) bool, now time.Time) {
	o.wants = o.wants[:0]
	for _, m := range watchers {
		o.wants = append(o.wants, pool.Want{Key: o.key(m.look.wish, m.session.PublicID()), Has: m.look.has})
	}
	for _, a := range s.Sinks {
		w := pool.Want{}
		if look := o.sinks[a]; look != nil {
			w.Key, w.Has = o.key(look.wish, ""), look.has
			w.Key.Size = look.size // a file and a player have one size from beginning to end
		}
		o.wants = append(o.wants, w)
	}
	if again := o.pool.Choose(o.wants, now); !again.IsZero() {
		o.timer.Reset(again.Sub(now))
	}
	o.draw(s, hasTile)
	for i, m := range watchers {
		s.Viewers[i].View = o.wants[i].View
		o.settle(&m.look, &o.wants[i], m.refuse)
	}
	if len(o.sinks) == 0 {
		return
	}
	s.SinkViews = make([]int, len(s.Sinks))
	for i, a := range s.Sinks {
		w, look := &o.wants[len(watchers)+i], o.sinks[a]
		if s.SinkViews[i] = w.View; look != nil {
			wish := look.wish
			o.settle(look, w, func(err error) { o.fell(a, look, wish, err) })
		}
	}
}

// draw makes the views that the pool has.
func (o *sights) draw(s *scene.Scene, hasTile func(i int) bool) {
	g := &o.loop.stage
	keys := o.pool.Keys()
	for _, k := range keys {
		places := g.places
		if k != (views.ViewKey{}) {
			if o.places[k] == nil {
				o.places[k] = g.places.Clone(o.loop.room.env.MaxTiles - len(k.Pinned.All()))
			}
			places = o.places[k]
		}
		v := g.view(k, places, s.Sources, hasTile)
		v.Overlays = o.loop.overlays.of(k.Overlays)
		s.Views = append(s.Views, v)
	}
	if len(o.places) >= len(keys) {
		maps.DeleteFunc(o.places, func(k views.ViewKey, _ *layout.Places) bool { return !slices.Contains(keys, k) })
	}
}

// settle takes note of what became of a wish. One that was refused is wished no more.
func (o *sights) settle(look *outlook, w *pool.Want, refuse func(error)) {
	look.has = w.Has
	switch w.Result {
	case pool.Refused:
		look.wish, look.held = w.Has.Wish(), false
		refuse(errViews)
	case pool.Fallen:
		look.wish, look.held = views.Wish{}, false
		refuse(errStrain)
	}
}

// key returns a wish of a member in canonical form, as the room is now.
func (o *sights) key(w views.Wish, self string) views.ViewKey {
	if w.Follow != "" {
		followed, err := o.loop.moderator.find(w.Follow)
		if err != nil {
			return views.ViewKey{}
		}
		if w = followed.look.wish; w.Follow != "" {
			return views.ViewKey{}
		}
		w.Self = ""
	}
	if w.IsZero() {
		return views.ViewKey{}
	}
	env := &o.loop.room.env
	return w.Key(self, views.Defaults{Layout: o.loop.stage.name(), Size: env.Size, FrameRate: env.FrameRate, Overlays: o.loop.overlays.sets.Canonical, Has: func(id string) bool {
		m, err := o.loop.moderator.find(id)
		return err == nil && m.shown()
	}})
}

// sizes returns the sizes of a source's tiles over all views, the largest first, and the size that
// covers all of them.
func sizes(s *scene.Scene, source int) (all []image.Point, covering image.Point) {
	for i := range s.Views {
		size := s.Views[i].Places[source].Rect.Size()
		if size != (image.Point{}) && !slices.Contains(all, size) {
			all = append(all, size)
			covering = image.Pt(max(covering.X, size.X), max(covering.Y, size.Y))
		}
	}
	slices.SortStableFunc(all, func(a, b image.Point) int { return b.X*b.Y - a.X*a.Y })
	return all, covering
}

// whole returns which tiles of those sizes cut nothing off a source, as ingest.Video.Whole has it.
func whole(s *scene.Scene, source int, sizes []image.Point) (which uint8) {
	for i, size := range sizes[:min(len(sizes), 8)] {
		for v := range s.Views {
			if p := &s.Views[v].Places[source]; p.Rect.Size() == size && p.Trim.Whole {
				which |= 1 << i
			}
		}
	}
	return which
}

// show tells a camera or a screen in which sizes it is seen.
func show(c *session.Cam, tiles []image.Point, now time.Time) {
	if len(tiles) == 0 {
		c.Show(image.Point{}, nil, now)
		return
	}
	c.Show(tiles[0], tiles[1:], now)
}

// wish takes a wish of a member for itself.
func (o *sights) wish(m *member, w views.Wish) error {
	if m.look.held {
		return errHeld
	}
	if err := o.check(w); err != nil {
		return err
	}
	if err := o.loop.spare(m, m.look.changes, errWhirl); err != nil {
		return err
	}
	m.look.wish = w
	o.loop.publish()
	return nil
}

// check tells why a wish is none in this room.
func (o *sights) check(w views.Wish) error {
	if w.Layout != "" {
		if _, ok := o.loop.stage.layouts(w.Layout); !ok {
			return errLayout
		}
	}
	if !o.loop.overlays.sets.Has(w.Overlays) {
		return errOverlays
	}
	if w.Follow != "" {
		_, err := o.loop.moderator.find(w.Follow)
		return err
	}
	return nil
}

// impose gives a member a view, or holds the one that it has, as a host says.
func (o *sights) impose(m *member, c control.Set) {
	if c.View != nil {
		m.look.wish = *c.View
	}
	if c.ViewLocked != nil {
		m.look.held = *c.ViewLocked
	}
}

// note remembers what a host gave all, or all of a role, for those who come later.
func (o *sights) note(c control.Set) {
	if c.Select == "" || c.Select == "hand" || c.View == nil && c.ViewLocked == nil {
		return
	}
	before := o.imposed[c.Select]
	if c.View == nil {
		c.View = before.View
	}
	if c.ViewLocked == nil {
		c.ViewLocked = before.ViewLocked
	}
	o.imposed[c.Select] = control.Set{View: c.View, ViewLocked: c.ViewLocked}
}

// greet gives a member that comes what a host gave all, or all of its role, before.
func (o *sights) greet(m *member) {
	for _, selector := range []string{"all", "role:" + m.grant.Role.String()} {
		o.impose(m, o.imposed[selector])
	}
}

// reading is what is known of a member's media now.
func reading(m *member, now time.Time) stats.Reading {
	r, up := stats.NewReading(), m.presence.MediaUp()
	m.control.Read(&r, m.camera, m.microphone)
	m.observed.Client(&r)
	sound, picture, _ := m.sends()
	watched := m.constraints != (uplink.Constraints{})
	m.observed.Expect(&r, up && picture && m.camera != nil && !m.hidden() && watched, up && sound && !m.mute(), now)
	r[stats.CameraAsked] = float64(m.constraints.Bitrate)
	if m.receives() {
		if m.thrift.Load() == 0 { // a client that wants less has no narrow path
			m.observed.Receive(&r, m.rung, m.look.has)
		}
		r[stats.DownKeyRequests] = float64(m.feedback.KeyFrameRequests())
	}
	missed, late := m.loop.room.pictures.Missed()
	r[stats.MissedTicks], r[stats.LateTicks] = float64(missed), float64(late)
	m.observed.Connect(&r, !m.presence.MediaLost())
	return r
}
