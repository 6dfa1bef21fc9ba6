package room

import (
	"cmp"
	"slices"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/ladder"
	"tilemix/mcu/policy"
	"tilemix/mcu/scene"
	"tilemix/mcu/views"
	"tilemix/mixer/layout"
	"tilemix/mixer/video"
)

// notifyInterval (100 ms) is the least time between two rounds of news, so that a storm of
// joins is told in a few rounds and not in one for each.
const notifyInterval = 100 * time.Millisecond

// snapshot is what all participants know of a scene.
type snapshot struct {
	people   []control.Person
	speaking []string
	layouts  []tableau
}

// tableau is a view as clients know it.
type tableau struct {
	key    views.ViewKey
	layout control.Layout
}

// of returns the layout of a view, or of the room's own where there is no such view.
func (s *snapshot) of(key views.ViewKey) *tableau {
	for i := range s.layouts {
		if s.layouts[i].key == key {
			return &s.layouts[i]
		}
	}
	if len(s.layouts) == 0 {
		return &tableau{}
	}
	return &s.layouts[0]
}

// same tells whether two layouts have equal tiles.
func (s *tableau) same(o *tableau) bool {
	return s.layout.Name == o.layout.Name && s.layout.Hidden == o.layout.Hidden && slices.Equal(s.layout.Tiles, o.layout.Tiles)
}

// notifier sends participants what is new. It belongs to the loop.
type notifier struct {
	loop  *loop
	timer *time.Timer // for news that wait

	last       snapshot // that all were sent
	lastAt     time.Time
	recordings []control.Recording
	broadcast  bool
}

// soon sends all participants what is new: at once, or, shortly after a round, with what
// else is new by then.
func (n *notifier) soon(now time.Time) {
	if wait := notifyInterval - now.Sub(n.lastAt); wait > 0 {
		n.timer.Reset(wait)
		return
	}
	n.lastAt = now
	n.round(snapshotOf(n.loop.room.chain.Newest(), n.loop.stage.name()))
}

// round sends all participants what is new in a snapshot, and everything to those who have
// had nothing yet.
func (n *notifier) round(now snapshot) {
	was := n.last
	n.loop.lookout.look()
	if !slices.EqualFunc(now.people, was.people, sameButSpeaking) {
		n.all(control.Participants{Participants: now.people})
	}
	if !slices.Equal(now.speaking, was.speaking) {
		n.all(control.Speaking{IDs: now.speaking})
	}
	n.layouts(&was, &now)
	n.last = now
	for _, m := range n.loop.members {
		if !m.caught {
			m.caught = true
			n.catchUp(m)
		}
	}
}

// sameButSpeaking leaves out what has a message of its own, because somebody is about to
// speak or to fall silent all the time, and the list of a large room is long.
func sameButSpeaking(a, b control.Person) bool {
	a.Speaking = b.Speaking
	return a == b
}

// catchUp sends one participant all that there is to know.
func (n *notifier) catchUp(m *member) {
	if n.loop.room.lobby {
		queue{n.loop}.tell()
		return
	}
	m.control.Send(control.Participants{Participants: n.last.people})
	m.control.Send(control.Speaking{IDs: n.last.speaking})
	m.control.Send(m.look.tell(n.last.of(m.look.has)))
	if len(n.recordings) > 0 {
		m.control.Send(control.Recordings{Recordings: n.recordings})
	}
	if state := n.loop.moderator.state(); state != (control.RoomState{}) {
		m.control.Send(state)
	}
	n.loop.lookout.show(m)
	n.loop.talk.show(m)
	if n.broadcast {
		m.control.Send(control.Broadcast{Active: true})
	}
}

// layouts sends members the layouts of their views, where these are news to them.
func (n *notifier) layouts(was, now *snapshot) {
	for i := range now.layouts {
		seen := &now.layouts[i]
		fresh := !seen.same(was.of(seen.key)) || was.of(seen.key).key != seen.key
		shared := map[string]control.Message{} // by whom the clients follow
		for _, m := range n.loop.members {
			if !m.caught || now.of(m.look.has) != seen || !fresh && m.look.knows(seen.key) {
				continue
			}
			layout := m.look.tell(seen)
			if shared[m.look.tale] == nil {
				shared[m.look.tale] = control.Share(layout)
			}
			m.control.Send(shared[m.look.tale])
		}
	}
}

// all sends a message to those who have been sent everything before.
func (n *notifier) all(message control.Message) {
	message = control.Share(message)
	for _, m := range n.loop.members {
		if m.caught {
			m.control.Send(message)
		}
	}
}

// everybody sends a message to all members, also to those who know nothing of the room yet.
func (n *notifier) everybody(message control.Message) {
	shared := control.Share(message)
	for _, m := range n.loop.members {
		m.control.Send(shared)
	}
}

func (n *notifier) setRecordings(all []control.Recording) {
	n.recordings = all
	n.loop.overlays.record(all)
	n.all(control.Recordings{Recordings: all})
}

func (n *notifier) setBroadcast(on bool) {
	n.broadcast = on
	n.all(control.Broadcast{Active: on})
}

// snapshotOf says what a scene is like in the words of control messages.
func snapshotOf(s *scene.Scene, name string) snapshot {
	n := snapshot{
		people:   []control.Person{},
		speaking: []string{},
	}
	for i := range s.Members {
		m := &s.Members[i]
		if m.Viewer {
			continue
		}
		n.people = append(n.people, control.Person{
			ID: m.ID, Name: m.Name, AudioMuted: m.Muted || m.NoMicrophone, VideoMuted: m.CameraOff,
			Speaking: m.Speaking, Line: lineOf(m), Reason: string(cmp.Or(m.Unseen, m.Unheard)),
			Role: roleOf(m.Role), Hand: m.Hand, Spotlight: m.Spotlight, Screen: m.Screen,
			Audio: m.Muted || m.NoMicrophone, Video: m.CameraOff,
		})
		n.people[len(n.people)-1].Rate(m.Quality)
		if m.Speaking {
			n.speaking = append(n.speaking, m.ID)
		}
	}
	for i := range s.Views {
		n.layouts = append(n.layouts, tableauOf(s, &s.Views[i], name))
	}
	return n
}

// tableauOf says what a view is like.
func tableauOf(s *scene.Scene, view *scene.View, name string) tableau {
	l := control.Layout{Name: cmp.Or(view.Key.Layout, name), Width: view.Size.X, Height: view.Size.Y, Tiles: []control.Tile{}}
	if view.Key != (views.ViewKey{}) {
		wish := view.Key.Wish()
		l.View = &wish
	}
	l.Transition = s.Overlays.Told()
	for i, place := range view.Places {
		l.Hidden += place.Hidden
		if r := place.Rect; !r.Empty() {
			l.Tiles = append(l.Tiles, control.Tile{
				ID: s.Sources[i].ID.Participant, Screen: s.Sources[i].ID.Kind == layout.Screen, X: r.Min.X, Y: r.Min.Y, Width: r.Dx(), Height: r.Dy(),
			})
		}
	}
	return tableau{view.Key, l}
}

// roleOf returns the name of a role, "" for the plain one.
func roleOf(r policy.Role) string {
	if r == policy.Participant {
		return ""
	}
	return r.String()
}

// lineOf says how a member's media comes.
func lineOf(m *scene.Member) control.Line {
	switch {
	case m.MediaLost || m.Health == video.Disconnected:
		return control.LineLost
	case m.Health != video.OK, m.Unseen != "":
		return control.LineWeak
	}
	return ""
}

// reporter takes what the clocks found to the loop: scene.Reporter.
type reporter struct{ room *Room }

// report has the loop run f, unless it is too busy.
func (r reporter) report(f func(l *loop)) bool {
	select {
	case r.room.calls <- func() { f(r.room.loop) }:
		return true
	default:
		return false
	}
}

// FloorChanged is scene.Reporter's.
func (r reporter) FloorChanged(speaking []string, holder string) bool {
	return r.report(func(l *loop) {
		if holder != l.stage.holder {
			l.overlays.floor(holder)
		}
		l.stage.speaking, l.stage.holder = speaking, holder
		for _, m := range l.members {
			id := m.session.PublicID()
			m.gesture.listen(m, slices.Contains(speaking, id), l.moderator.hand(id) > 0, time.Now())
		}
		l.publish()
	})
}

// RungChanged is scene.Reporter's.
func (r reporter) RungChanged(viewer string, rung ladder.Rung) bool {
	return r.report(func(l *loop) {
		if m := l.find(func(m *member) bool { return m.session.PublicID() == viewer }); m != nil {
			m.rung = &rung
			m.notifyRendition()
		}
	})
}

// HealthChanged is scene.Reporter's.
func (r reporter) HealthChanged(id layout.SourceID, health video.Status) bool {
	if id.Kind == layout.Screen {
		return true // nothing is drawn over it
	}
	return r.report(func(l *loop) {
		if m := l.find(func(m *member) bool { return m.session.PublicID() == id.Participant }); m != nil {
			m.health = health
			l.publish()
		}
	})
}

// Strained is scene.Reporter's.
func (r reporter) Strained() bool {
	return r.report(func(l *loop) {
		l.sights.pool.Strain(time.Now())
		l.publish()
	})
}
