package room

import (
	"image"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"tilemix/codec/pcm"
	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/media"
	"tilemix/mcu/policy"
	"tilemix/mcu/scene"
	"tilemix/mcu/session"
	"tilemix/mcu/uplink"
	"tilemix/mcu/views"
	"tilemix/mixer/layout"
)

// Screens come into view once in shareEvery (2 s) and shareBurst (3) times at once, because each
// changes the whole picture for all. A screen that comes sooner is seen when its turn has come.
const shareEvery, shareBurst = 2 * time.Second, 3

// shares decide whose screen the room sees. They belong to the loop.
type shares struct {
	loop  *loop
	turns *rate.Limiter
	timer *time.Timer // for a screen whose turn has not come
	count int         // of screens that came into view
}

func newShares(l *loop, stopped *time.Timer) *shares {
	return &shares{loop: l, timer: stopped, turns: rate.NewLimiter(rate.Every(shareEvery), shareBurst)}
}

// share is the screen that a member shares, with its sound. The zero value is none.
type share struct {
	member *member
	cam    *session.Cam
	sound  *session.Mic
	turn   int // when it came into view, of all screens of the room; 0: not yet
	mixed  *mixed

	constraints uplink.Constraints
	requested   uplink.Requested
}

// set makes c, or none, the screen of a member.
func (o *shares) set(m *member, c *session.Cam) {
	l := o.loop
	if !l.has(m) {
		if c != nil {
			c.Release()
		}
		return
	}
	s := &m.share
	s.drop()
	if s.cam = c; c == nil {
		o.ended(s)
	} else if c.Accompany(s.sound); m.grant.May("publish.screen") != nil {
		m.refuse(m.grant.May("publish.screen"))
	}
	l.publish()
}

// hear makes mic, or none, the sound of a member's screen.
func (o *shares) hear(m *member, mic *session.Mic) {
	l := o.loop
	if !l.has(m) {
		if mic != nil {
			_ = mic.Close()
		}
		return
	}
	s := &m.share
	if s.sound != nil {
		l.departed = append(l.departed, scene.Departed{ID: m.session.PublicID(), Microphone: s.sound})
	}
	if s.sound = mic; s.cam != nil {
		s.cam.Accompany(mic)
	}
	l.publish()
}

// ended says that a member shares no more.
func (o *shares) ended(s *share) {
	if s.turn > 0 {
		s.turn = 0
		s.member.emit(event.ScreenStopped)
	}
	s.constraints, s.requested = uplink.Constraints{}, uplink.Requested{}
}

// present gives turns to the screens that have waited, and has the stage show that of the member
// in front, or else the newest.
func (o *shares) present(now time.Time) {
	g := &o.loop.stage
	var newest *share
	for _, m := range o.loop.members {
		s := &m.share
		if !s.shown() {
			continue
		}
		if s.turn == 0 {
			if !o.turns.AllowN(now, 1) {
				o.timer.Reset(shareEvery)
				continue
			}
			o.count++
			s.turn = o.count
			m.emit(event.ScreenStarted)
		}
		if m.presence.HasTile() && (newest == nil || newest.before(s)) {
			newest = s
		}
	}
	id, turn := "", 0
	if newest != nil {
		id, turn = newest.member.session.PublicID(), newest.turn
	}
	g.show(id, turn)
}

// before tells whether another screen is shown rather than this one.
func (s *share) before(other *share) bool {
	spots := s.member.loop.moderator.spots
	if one, two := spots.place(s.member.session.PublicID()), spots.place(other.member.session.PublicID()); one != two {
		return one > two
	}
	return s.turn < other.turn
}

// shown tells whether there is a screen that the member may show.
func (s *share) shown() bool {
	return s.cam != nil && s.member.seated && !s.member.session.Viewer && s.member.grant.May("publish.screen") == nil
}

// source returns the screen of a member at an index in the scene.
func (s *share) source(index int) scene.Source {
	return scene.Source{
		ID:     layout.SourceID{Participant: s.member.session.PublicID(), Kind: layout.Screen},
		Member: index, Camera: s.cam,
	}
}

// show tells the screen how large its tiles are, see sizes.
func (s *share) show(tiles []image.Point, covering image.Point, watched bool, now time.Time) {
	if !watched {
		tiles, covering = nil, image.Point{}
	}
	s.constraints = uplink.ForScreen(covering, s.member.loop.room.env.FrameRate)
	show(s.cam, tiles, now)
}

// ask asks the sender of the screen for what was decided.
func (s *share) ask() {
	w, asked := s.requested.Last()
	if !asked || s.cam == nil || !s.member.control.Reaches() {
		return
	}
	s.member.control.Send(control.Uplink{
		Width: w.Size.X, Height: w.Size.Y, Screen: true,
		MaxFramerate: w.FrameRate, MaxBitrate: w.Bitrate, Active: w != uplink.Constraints{},
	})
}

// drop has the clocks let go of the screen.
func (s *share) drop() {
	if s.cam == nil {
		return
	}
	show(s.cam, nil, time.Time{}) // its track may go on
	l := s.member.loop
	l.departed = append(l.departed, scene.Departed{ID: s.member.session.PublicID(), Camera: s.cam})
	s.cam = nil
}

// depart has the clocks let go of the screen and of its sound, as the member leaves.
func (s *share) depart() {
	s.drop()
	if s.sound != nil {
		l := s.member.loop
		l.departed = append(l.departed, scene.Departed{ID: s.member.session.PublicID(), Microphone: s.sound})
		s.sound = nil
	}
	s.member.loop.shares.ended(s)
}

// microphone adds the screen's sound to what the sound clock hears of its member.
func (s *share) microphone(l *scene.Listener) {
	if s.sound == nil || s.member.grant.May("publish.screen") != nil {
		return
	}
	if now := (mixed{mic: l.Microphone, screen: s.sound, muted: l.Muted}); s.mixed == nil || !s.mixed.same(now) {
		s.mixed = &now
	}
	l.Microphone, l.Muted = s.mixed, false
}

// mixed is a microphone together with the sound of a screen: what its participant does not hear
// itself. It belongs to the sound clock.
type mixed struct {
	mic    media.Microphone // nil: there is none
	screen media.Microphone
	muted  bool // the microphone is
	block  pcm.Block
}

func (d *mixed) same(o mixed) bool {
	return d.mic == o.mic && d.screen == o.screen && d.muted == o.muted
}

// Pull is media.Microphone's.
func (d *mixed) Pull(dst *pcm.Block, now time.Time) (level uint8, ok bool) {
	level, ok = d.screen.Pull(dst, now)
	if d.mic == nil {
		return level, ok
	}
	spoken, said := d.mic.Pull(&d.block, now)
	if d.muted || !said {
		return level, ok
	}
	if !ok {
		*dst = d.block
		return spoken, said
	}
	for i := range dst {
		dst[i] += d.block[i]
	}
	return min(level, spoken), true
}

// Close is media.Microphone's. Both parts are closed as they depart.
func (*mixed) Close() error { return nil }

// maxSpots is how many members hosts put in front at most.
const maxSpots = views.MaxPins

// spots are the public IDs of the members that hosts have put in front, in order. It does not change once
// it is made.
type spots []string

// with returns spots with a member in front, behind those that are there already, or no longer. The
// first goes where there are more than maxSpots (9).
func (s spots) with(id string, on bool) spots {
	if s.has(id) == on {
		return s
	}
	next := slices.DeleteFunc(slices.Clone(s), func(other string) bool { return other == id })
	if on {
		next = append(next, id)
	}
	return next[max(0, len(next)-maxSpots):]
}

// has tells whether a member is in front.
func (s spots) has(id string) bool { return slices.Contains(s, id) }

// place returns the place of a member from 0, and behind all of them for one that is not in front.
func (s spots) place(id string) int {
	if i := slices.Index(s, id); i >= 0 {
		return i
	}
	return len(s)
}

// ordered returns those who have tiles with those in front first.
func (s spots) ordered(placed []string) []string {
	if len(s) < 2 {
		return placed
	}
	placed = slices.Clone(placed)
	slices.SortStableFunc(placed, func(a, b string) int { return s.place(a) - s.place(b) })
	return placed
}

// certain returns those who have a tile however many there are: those who speak, who are in front, and
// interpreters.
func (s spots) certain(speaking []string, roles map[string]string) []string {
	all := slices.Clip(speaking)
	for _, id := range s {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	for id, role := range roles {
		if role == policy.Interpreter.String() && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}
