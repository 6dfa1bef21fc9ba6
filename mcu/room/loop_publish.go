package room

import (
	"errors"
	"image"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"tilemix/mcu/control"
	"tilemix/mcu/ladder"
	"tilemix/mcu/media"
	"tilemix/mcu/policy"
	"tilemix/mcu/scene"
	"tilemix/mcu/session"
	"tilemix/mcu/views"
	"tilemix/mixer/layout"
)

const (
	// The layout changes once in layoutEvery (2 s) and layoutBurst (2) times at once, because each
	// change is a key frame for all.
	layoutEvery, layoutBurst = 2 * time.Second, 2
)

// What an actor is sent whose command has no effect.
var (
	errLayout      = errors.New("there is no layout of that name")
	errNobody      = errors.New("a program has no microphone, no hand and no words of its own in a room")
	errLate        = errors.New("no media connection within the time that there is for it")
	errGiveWay     = errors.New("another client that connects needs your place: come again")
	errUnconnected = errors.New("your media connection does not stand yet: send this again when it does")
	errRestless    = errors.New("the room's layout has just changed: try again in two seconds")
)

// do is the one door by which commands enter a room. It carries a command out in the name
// of a member, if its grant allows that, else the member is sent the reason.
func (l *loop) do(m *member, command control.Message) {
	if !l.has(m) {
		return
	}
	if err := l.try(actor{m.grant, m}, command); err != nil {
		m.refuse(err)
	}
}

// try carries a command out in an actor's name, or returns why not.
func (l *loop) try(by actor, command control.Message) error {
	if err := by.grant.May(command.Type()); err != nil {
		l.decided(by, command, err)
		return err
	}
	if l.room.lobby && command.Type() != (control.Mute{}).Type() {
		return errWaits
	}
	switch c := command.(type) {
	case control.Mute, control.SendChat, control.ChooseLayout, control.Hand, control.View, control.React, control.Rename, control.Receive, control.Report:
		if by.member == nil {
			return errNobody
		}
		return l.own(by.member, c)
	}
	if Beyond(command) {
		l.beyond(by, command)
		return nil
	}
	err := l.moderator.act(by, command)
	l.decided(by, command, err)
	return err
}

// beyond has the server carry out a command. The loop does not wait for it; an actor in the room is
// told if it fails.
func (l *loop) beyond(by actor, command control.Message) {
	r := l.room
	ruling := policy.Ruling{Room: r.name, Action: command.Type(), Who: by.name(), By: by.grant.By, Whom: control.Whom(command)}
	l.leaving.Go(func() {
		ruling.Err = r.env.Beyond(r.name, command)
		r.env.Decided(ruling)
		if ruling.Err != nil && by.member != nil {
			r.post(func() { by.member.refuse(ruling.Err) })
		}
	})
}

// own carries out what a member says and does for itself.
func (l *loop) own(m *member, command control.Message) error {
	switch c := command.(type) {
	case control.Mute:
		return l.moderator.own(m, c)
	case control.Hand:
		l.moderator.raise(m, c.Raised)
		l.publish()
	case control.React:
		return m.gesture.react(m, c)
	case control.SendChat:
		return l.talk.send(m, c)
	case control.Rename:
		return l.talk.rename(m, c.Name)
	case control.Receive:
		m.thrift.Store(int64(c.MaxBitrate))
	case control.View:
		return l.sights.wish(m, c.Wish)
	case control.ChooseLayout:
		if _, ok := l.stage.layouts(c.Name); !ok {
			return errLayout
		}
		if err := l.spare(m, l.layouts, errRestless); err != nil {
			return err
		}
		l.stage.setLayout(c.Name)
		l.publish()
	case control.Report:
		m.observed.Hear(c, c.Browser, c.Device)
	}
	return nil
}

// decided tells the outside what was done to others, or refused.
func (l *loop) decided(by actor, command control.Message, err error) {
	l.room.env.Decided(policy.Ruling{
		Room: l.room.name, Action: command.Type(), Who: by.name(), By: by.grant.By, Whom: control.Whom(command), Err: err,
	})
}

// find returns the first member that is meant, nil for none.
func (l *loop) find(is func(*member) bool) *member {
	if i := slices.IndexFunc(l.members, is); i >= 0 {
		return l.members[i]
	}
	return nil
}

// spare tells why a command that changes something for all is not carried out now, if so.
func (l *loop) spare(m *member, bucket *rate.Limiter, empty error) error {
	if !m.seated {
		return errUnconnected
	}
	if !bucket.Allow() {
		return empty
	}
	return nil
}

// tap gives what members send to a tap.
func (l *loop) tap(t media.Tap) {
	all := append(slices.Clone(l.room.tapped()), t)
	l.room.taps.Store(&all)
	now := time.Now()
	for _, m := range l.members {
		if m.seated && !m.session.Viewer {
			t.Joined(m.session.PublicID(), m.name, now.Sub(l.room.epoch))
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
	if l.room.lobby {
		queue{l}.publish()
		return
	}
	now, s := time.Now(), &scene.Scene{Sinks: l.sinks, Overlays: l.overlays.state}
	l.shares.present(now)
	s.Departed, l.departed = l.departed, nil
	var publishers, watchers []*member // of the sources and of the viewers, in their order
	for _, m := range l.members {
		if !m.seated {
			continue
		}
		id := m.session.PublicID()
		s.Members = append(s.Members, m.scene(slices.Contains(l.stage.speaking, id), id == l.stage.holder))
		s.Listeners = append(s.Listeners, m.listener())
		if v, ok := m.viewer(); ok {
			s.Viewers, watchers = append(s.Viewers, v), append(watchers, m)
		}
		if m.shown() {
			s.Sources, publishers = append(s.Sources, m.source(len(s.Members)-1)), append(publishers, m)
		}
		if m.share.turn > 0 && m.share.shown() {
			s.Sources, publishers = append(s.Sources, m.share.source(len(s.Members)-1)), append(publishers, m)
		}
	}
	l.stage.spots, l.stage.roles = l.moderator.spots, rolesOf(s.Members)
	l.sights.choose(s, watchers, func(i int) bool { return publishers[i].presence.HasTile() }, now)
	for i, m := range publishers {
		tiles, covering := sizes(s, i)
		if s.Sources[i].ID.Kind == layout.Screen {
			m.share.show(tiles, covering, s.Watched(), now)
		} else {
			if m.camera != nil {
				m.camera.Whole(whole(s, i, tiles))
			}
			m.show(tiles, covering, s.Watched(), now)
		}
	}
	l.room.chain.Publish(s)
	vault{l}.keep()
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
		if screen, later := m.share.requested.Decide(m.share.constraints, now); screen {
			m.share.ask()
			if !m.control.Reaches() {
				m.askUplink()
			}
		} else if again.IsZero() || !later.IsZero() && later.Before(again) {
			again = later
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

// endMicrophone takes a microphone away that has ended, or the sound of a screen.
func (l *loop) endMicrophone(m *member, mic *session.Mic) {
	switch mic {
	case m.microphone:
		l.setMicrophone(m, nil)
	case m.share.sound:
		l.shares.hear(m, nil)
	}
}

// endCamera takes a camera away that has ended, or a screen.
func (l *loop) endCamera(m *member, c *session.Cam) {
	switch c {
	case m.camera:
		l.setCamera(m, nil)
	case m.share.cam:
		l.shares.set(m, nil)
	}
}

// rungs returns the ladder of a view that a sink wishes.
func (l *loop) rungs(w views.Wish) ([]ladder.Rung, error) {
	if err := (outlets{l}).valid(w); err != nil {
		return nil, err
	}
	env, k := &l.room.env, l.sights.key(w, "")
	if k.Size == (image.Point{}) {
		k.Size = env.Size
	}
	return ladder.Like(env.Rungs, k.Size, k.Every(env.FrameRate)), nil
}
