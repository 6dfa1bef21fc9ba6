package room

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tilemix/mcu/event"
	"tilemix/mcu/media"
	"tilemix/mcu/policy"
	"tilemix/mcu/presence"
	"tilemix/mcu/scene"
	"tilemix/mcu/session"
	"tilemix/mcu/uplink"
	"tilemix/mixer/layout"
)

// loop is the state of a room and what changes it. It belongs to the goroutine that calls
// Room.Run.
type loop struct {
	room               *Room
	leaving            sync.WaitGroup // those whose connections are being closed
	members            []*member      // in order of joining
	begun              bool           // somebody has had a seat
	stage              stage
	sinks              []*media.Attachment
	departed           []scene.Departed // since the newest scene
	notify             *notifier
	silences           *silences
	moderator          *moderator
	shares             *shares
	sights             *sights
	lookout            *lookout
	overlays           *overlays
	talk               *talk
	layouts            *rate.Limiter // of all members
	uplinks, deadlines *time.Timer   // for senders to ask; for members that are to leave by then
}

func newLoop(r *Room) *loop {
	stopped := func() *time.Timer {
		t := time.NewTimer(0)
		t.Stop()
		return t
	}
	l := &loop{
		room: r, uplinks: stopped(), deadlines: stopped(),
		stage: stage{size: r.env.Size, layout: r.env.Layout, layouts: r.env.Layouts, places: layout.NewPlaces(r.env.MaxTiles)}, layouts: rate.NewLimiter(rate.Every(layoutEvery), layoutBurst),
	}
	l.moderator, l.silences, l.lookout, l.overlays = &moderator{loop: l}, &silences{loop: l, timer: stopped()}, &lookout{loop: l, stale: true}, newOverlays(l)
	l.shares, l.sights, l.talk, l.notify = newShares(l, stopped()), newSights(l, stopped()), newTalk(l), &notifier{loop: l, timer: stopped()}
	return l
}

// run runs calls one by one until ctx ends; then all members leave.
func (l *loop) run(ctx context.Context, calls <-chan func()) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case f := <-calls:
			f()
		case <-l.uplinks.C:
			l.askUplinks(time.Now())
		case <-l.deadlines.C:
			l.expire(time.Now())
		case <-l.silences.timer.C:
			l.silences.look(time.Now())
		case <-l.shares.timer.C:
			l.publish()
		case <-l.sights.timer.C:
			l.publish()
		case <-l.notify.timer.C:
			l.notify.soon(time.Now())
		}
	}
	for len(l.members) > 0 {
		l.remove(l.members[0].because("the room ended"))
	}
	for len(l.sinks) > 0 {
		outlets{l}.detach(l.sinks[0])
	}
	l.sights.pool.Close()
	for _, t := range []*time.Timer{l.uplinks, l.deadlines, l.notify.timer, l.silences.timer, l.shares.timer, l.sights.timer} {
		t.Stop()
	}
}

// has tells whether a member is in the room.
func (l *loop) has(m *member) bool { return slices.Contains(l.members, m) }

// add takes a member into the room. It has a seat once its connection stands, or at once if it
// needs none.
func (l *loop) add(m *member) error {
	if m.session.Injected {
		if err := l.seat(m); err != nil {
			return err
		}
	}
	l.members = slices.Insert(l.members, turn(l.members, m), m)
	m.welcome()
	l.publish()
	l.silences.begin()
	l.expire(time.Now())
	return nil
}

// seat gives a member its seat and tells of it. It fails when there is no seat.
func (l *loop) seat(m *member) error {
	if m.seated {
		return nil
	}
	if m.place != nil {
		if err := m.place.Sit(); err != nil {
			return err
		}
	}
	l.sit(m)
	return nil
}

// sit tells the others, the outside and recordings of a member that has its seat.
func (l *loop) sit(m *member) {
	m.session.Stay.Sit(l.room.name, l.room.lobby)
	if l.room.lobby {
		queue{l}.sit(m)
		return
	}
	if !l.begun {
		l.overlays.begin()
		if m.grant.First && !m.session.Viewer && !l.room.env.Seats.Hosted(l.room.name, time.Now()) {
			m.grant.Role, m.grant.Rights = policy.Host, 0
			m.control.Send(m.standing())
		}
		l.room.log.Info("room begins")
	}
	l.room.over.Store(false)
	if m.seated = true; m.joined.IsZero() {
		m.joined = time.Now().UTC()
	}
	l.sights.greet(m)
	m.session.Log().Info("joined", m.introduction()...)
	m.emit(event.ParticipantJoined)
	if !m.session.Viewer {
		for _, t := range l.room.tapped() {
			t.Joined(m.session.PublicID(), m.name, time.Since(l.room.epoch))
		}
	}
}

// remove takes a member out of the room and ends its connection.
func (l *loop) remove(m *member) {
	i := slices.Index(l.members, m)
	if i < 0 {
		return
	}
	l.members = slices.Delete(l.members, i, i+1)
	m.presence.Leave()
	m.share.depart()
	l.unseat(m)
	l.departed = append(l.departed, m.depart(nil))
	l.publish()
	l.leaving.Go(func() {
		m.session.Close()
		m.session.Finish()
		if m.place != nil {
			m.place.Leave()
		}
	})
}

// unseat tells that a member has left, if it was told that it came.
func (l *loop) unseat(m *member) {
	m.session.Stay.Leave(l.room.name, m.why)
	if !m.seated {
		m.session.Log().Info("left before its media connected", append(m.introduction(), "reason", m.why)...)
		return
	}
	if m.session.Log().Info("left", farewellOf(m)...); l.room.lobby {
		return // nobody was told that it came
	}
	l.moderator.forget(m)
	m.emit(event.ParticipantLeft)
	if !m.session.Viewer {
		for _, t := range l.room.tapped() {
			t.Left(m.session.PublicID(), time.Since(l.room.epoch))
		}
	}
}

// change changes a member's presence: it leaves, or all see what it is now.
func (l *loop) change(m *member, how func(now time.Time)) {
	now := time.Now()
	how(now)
	if !l.has(m) {
		return
	}
	if m.presence.State() == presence.Left {
		l.remove(m.because("its client closed the connection"))
		return
	}
	l.publish()
	l.expire(now)
}

// connected is called whenever a member's media connection stands.
func (l *loop) connected(m *member) {
	m.session.Established()
	m.session.Log().Info("media connected", m.session.Pair()...)
	if !l.has(m) {
		return
	}
	if err := l.seat(m); err != nil {
		m.refuse(err)
		l.remove(m.because(err.Error()))
		return
	}
	l.silences.begin()
	l.change(m, func(time.Time) { m.presence.Connect() })
	if m.receives() {
		l.room.chain.Wake()
	}
}

// disconnected is called when a member's media connection failed or was closed. A failed
// one may stand again after an offer that restarts ICE.
func (l *loop) disconnected(m *member, failed bool) {
	l.change(m, func(now time.Time) { m.presence.Disconnect(failed, now) })
}

// controlOpened greets a client that opened a data channel for control messages.
func (l *loop) controlOpened(m *member) {
	m.control.OpenChannel()
	m.welcome()
	l.notify.catchUp(m)
	m.askUplink()
	m.share.ask()
	m.notifyRendition()
}

// controlClosed goes on without a data channel. A sender without any control messages is limited
// by REMB.
func (l *loop) controlClosed(m *member) {
	m.control.CloseChannel()
	m.askUplink()
}

// resume gives a member another connection. What runs on the old one ends with it.
func (l *loop) resume(m *member, conn *session.Connection, o Options) (number int) {
	old := m.control.Replace(conn, o.Send, o.Cut)
	l.leaving.Go(old.Close)
	m.caught, m.requested, m.share.requested = false, uplink.Requested{}, uplink.Requested{}
	m.session.Log().Info("resumed")
	m.welcome()
	m.notifyRendition()
	l.change(m, m.presence.Resume)
	return m.control.Number()
}

// expire removes the members whose time to connect has passed, and sets the timer for the
// next one.
func (l *loop) expire(now time.Time) {
	var next time.Time
	for _, m := range slices.Clone(l.members) {
		if was := m.presence.State(); m.presence.Expire(now) {
			m.refuse(errLate)
			l.remove(m.because(expired[was]))
			continue
		}
		if at, ok := m.presence.Deadline(); ok && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if !next.IsZero() {
		l.deadlines.Reset(next.Sub(now))
	}
}

// setCamera makes c, or none, a member's camera.
func (l *loop) setCamera(m *member, c *session.Cam) {
	if !l.has(m) {
		if c != nil {
			c.Release()
		}
		return
	}
	if m.camera != nil {
		show(m.camera, nil, time.Time{}) // its track may go on
		l.departed = append(l.departed, scene.Departed{ID: m.session.PublicID(), Camera: m.camera})
	}
	if m.camera = c; c != nil {
		c.Accompany(m.microphone)
	}
	l.publish()
}
