package room

import (
	"errors"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"tilemix/mcu/control"
	"tilemix/mcu/media"
	"tilemix/mcu/scene"
	"tilemix/mcu/session"
	"tilemix/mixer/layout"
)

const (
	// A room takes chatRate (5) messages a second and chatBurst (20) at once, of all its
	// participants together, because each goes to all of them.
	chatRate, chatBurst = 5, 20
	// The layout changes once in layoutEvery (2 s) and layoutBurst (2) times at once, because each
	// change is a key frame for all.
	layoutEvery, layoutBurst = 2 * time.Second, 2
)

// What an actor is sent whose command has no effect.
var (
	errLayout      = errors.New("there is no layout of that name")
	errUnconnected = errors.New("your media connection does not stand yet: send this again when it does")
	errChatty      = errors.New("the room has had too many chat messages: send yours again in a second")
	errRestless    = errors.New("the room's layout has just changed: try again in two seconds")
)

// do is the one door by which commands enter a room. It carries a command out in the name
// of an actor, if the room's policy allows that, else the actor is sent the reason.
func (l *loop) do(actor *member, command control.Message) {
	if !l.has(actor) {
		return
	}
	if err := l.try(actor, command); err != nil {
		actor.refuse(err.Error())
	}
}

// try carries a command out, or returns why not.
func (l *loop) try(actor *member, command control.Message) error {
	if err := actor.grant.May(command.Type()); err != nil {
		return err
	}
	switch c := command.(type) {
	case control.Mute:
		actor.muted, actor.cameraOff = c.AudioMuted, c.VideoMuted
		l.publish()
	case control.SendChat:
		if err := l.spare(actor, l.chats, errChatty); err != nil {
			return err
		}
		l.notify.chat(control.Chat{
			ID: actor.session.PublicID(), Name: actor.session.Name, Text: c.Text, Time: time.Now().UTC(),
		})
	case control.ChooseLayout:
		if _, ok := layout.ByName(c.Name); !ok {
			return errLayout
		}
		if err := l.spare(actor, l.layouts, errRestless); err != nil {
			return err
		}
		l.stage.setLayout(c.Name)
		l.publish()
	default:
		return errors.New("a message of type " + command.Type() + " cannot be sent here")
	}
	return nil
}

// spare tells why a command that changes something for all is not carried out now, if so.
func (l *loop) spare(actor *member, bucket *rate.Limiter, empty error) error {
	if !actor.seated {
		return errUnconnected
	}
	if !bucket.Allow() {
		return empty
	}
	return nil
}

// attach gives the mix to a sink.
func (l *loop) attach(a *media.Attachment) {
	l.sinks = append(l.sinks, a)
	l.publish()
	l.room.chain.Wake()
}

// detach ends what attach began.
func (l *loop) detach(a *media.Attachment) {
	i := slices.Index(l.sinks, a)
	if i < 0 {
		return
	}
	l.sinks = slices.Delete(slices.Clone(l.sinks), i, i+1) // scenes have the old one
	l.departed = append(l.departed, scene.Departed{Sink: a})
	l.publish()
}

// tap gives what members send to a tap.
func (l *loop) tap(t media.Tap) {
	all := append(slices.Clone(l.room.tapped()), t)
	l.room.taps.Store(&all)
	now := time.Now()
	for _, m := range l.members {
		if m.seated && !m.session.Viewer {
			t.Joined(m.session.PublicID(), m.session.Name, now.Sub(l.room.epoch))
		}
	}
	l.askKeyFrames(now)
}

// untap ends what tap began.
func (l *loop) untap(t media.Tap) {
	all := slices.DeleteFunc(slices.Clone(l.room.tapped()), func(o media.Tap) bool { return o == t })
	l.room.taps.Store(&all)
}

// publish makes the next scene from the members that have seats, and asks and tells what is new in it.
func (l *loop) publish() {
	now := time.Now()
	s := &scene.Scene{Sinks: l.sinks, Departed: l.departed}
	l.departed = nil
	var publishers []*member // of the sources, in their order
	for _, m := range l.members {
		if !m.seated {
			continue
		}
		id := m.session.PublicID()
		s.Members = append(s.Members, m.scene(slices.Contains(l.stage.speaking, id), id == l.stage.holder))
		s.Listeners = append(s.Listeners, m.listener())
		if v, ok := m.viewer(0); ok {
			s.Viewers = append(s.Viewers, v)
		}
		if !m.session.Viewer {
			s.Sources = append(s.Sources, m.source(len(s.Members)-1))
			publishers = append(publishers, m)
		}
	}
	view := l.stage.view(s.Sources, func(i int) bool { return publishers[i].presence.HasTile() })
	s.Views = []scene.View{view}
	for i, m := range publishers {
		m.show(view.Places[i].Rect.Size(), s.Watched(), now)
	}
	l.room.chain.Publish(s)
	l.notify.soon(time.Now())
	l.askUplinks(time.Now())
}

// askUplinks asks each sender for what of its camera is of use, where that is news, and
// sets the timer for what it is too early for.
func (l *loop) askUplinks(now time.Time) {
	var next time.Time
	for _, m := range l.members {
		if m.session.Viewer || !m.presence.MediaUp() {
			continue
		}
		m.session.Want(m.constraints.Size)
		ask, again := m.requested.Decide(m.constraints, now)
		if ask {
			m.askUplink()
		}
		if !again.IsZero() && (next.IsZero() || again.Before(next)) {
			next = again
		}
	}
	l.uplinks.Stop()
	if !next.IsZero() {
		l.uplinks.Reset(next.Sub(now))
	}
}

// askKeyFrames asks every camera that is on for an IDR.
func (l *loop) askKeyFrames(now time.Time) {
	for _, m := range l.members {
		if m.camera != nil {
			m.camera.AskKeyFrame(now)
		}
	}
}

// setMicrophone makes mic, or none, a member's microphone.
func (l *loop) setMicrophone(m *member, mic *session.Mic) {
	if !l.has(m) {
		if mic != nil {
			_ = mic.Close()
		}
		return
	}
	if m.microphone != nil {
		l.departed = append(l.departed, scene.Departed{ID: m.session.PublicID(), Microphone: m.microphone})
	}
	m.microphone = mic
	if m.camera != nil {
		m.camera.Accompany(mic)
	}
	l.publish()
}
