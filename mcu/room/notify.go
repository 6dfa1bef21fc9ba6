package room

import (
	"cmp"
	"slices"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/ladder"
	"tilemix/mcu/policy"
	"tilemix/mcu/scene"
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
	layout   control.Layout
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
	if now.layout.Name != was.layout.Name || now.layout.Hidden != was.layout.Hidden || !slices.Equal(now.layout.Tiles, was.layout.Tiles) {
		n.all(now.layout)
	}
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
	m.control.Send(n.last.layout)
	if len(n.recordings) > 0 {
		m.control.Send(control.Recordings{Recordings: n.recordings})
	}
	if state := n.loop.moderator.state(); state != (control.RoomState{}) {
		m.control.Send(state)
	}
	n.loop.lookout.show(m)
	if n.broadcast {
		m.control.Send(control.Broadcast{Active: true})
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
		layout:   control.Layout{Name: name, Tiles: []control.Tile{}},
	}
	view := &s.Views[0]
	n.layout.Width, n.layout.Height = view.Key.Size.X, view.Key.Size.Y
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
		if m.Speaking {
			n.speaking = append(n.speaking, m.ID)
		}
	}
	for i, place := range view.Places {
		n.layout.Hidden += place.Hidden
		if r := place.Rect; !r.Empty() {
			n.layout.Tiles = append(n.layout.Tiles, control.Tile{
				ID: s.Sources[i].ID.Participant, Screen: s.Sources[i].ID.Kind == layout.Screen, X: r.Min.X, Y: r.Min.Y, Width: r.Dx(), Height: r.Dy(),
			})
		}
	}
	return n
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
		l.stage.speaking, l.stage.holder = speaking, holder
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
