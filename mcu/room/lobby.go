package room

import (
	"errors"
	"slices"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/scene"
)

// errWaits is sent to those who wait in a lobby and ask for what all in a room would notice.
var errWaits = errors.New("you wait to be let in: send this again when you are in the room")

// queue is those who wait in a lobby, in the order in which they came. It belongs to the loop.
type queue struct{ loop *loop }

// publish makes the next scene, and tells each member its place. The scene has neither members nor
// sources nor sound, so nothing of what they send is decoded, and they do not know of each other.
func (q queue) publish() {
	l := q.loop
	s := &scene.Scene{Departed: l.departed, Views: []scene.View{{Key: scene.ViewKey{Size: l.stage.size}}}}
	l.departed = nil
	for _, m := range l.members {
		if !m.seated {
			continue
		}
		s.Waiting = append(s.Waiting, scene.Waiter{ID: m.session.PublicID(), Name: m.session.Name, Since: m.since})
		if v, ok := m.viewer(0); ok {
			s.Viewers = append(s.Viewers, v)
		}
	}
	was := l.room.Scene().Waiting
	l.room.chain.Publish(s)
	if !slices.Equal(was, s.Waiting) {
		l.leaving.Go(func() { l.room.env.Queued(l.room.name) })
	}
	q.tell()
	l.askUplinks(time.Now())
}

// tell tells each member its place where that is news.
func (q queue) tell() {
	n := 0
	for _, m := range q.loop.members {
		if !m.seated {
			continue
		}
		if n++; m.position != n {
			m.position = n
			m.control.Send(control.Waiting{Position: n})
		}
	}
}

// sit takes note of a member that waits from now on. Only hosts are told.
func (q queue) sit(m *member) {
	m.seated, m.since = true, time.Now()
	m.session.Log().Info("waits", m.introduction()...)
	m.emit(event.ParticipantWaiting)
}

// queueShown (100) is how many of those who wait hosts are sent. More would make each message long.
const queueShown = 100

// Beyond tells whether a command reaches beyond the room that it is for, so that the server and not
// the room's loop carries it out.
func Beyond(command control.Message) bool {
	switch command.(type) {
	case control.Move, control.Admit, control.Reject, control.Back:
		return true
	}
	return false
}

// lookout keeps those who may let others in up to date on who waits. It belongs to the loop.
type lookout struct {
	loop    *loop
	stale   bool             // others wait than are known here
	waiting []control.Waiter // that were told last, queueShown at most
	total   int
}

// changed says that others wait than before.
func (o *lookout) changed() {
	if o.stale = true; len(o.loop.members) > 0 {
		o.loop.notify.soon(time.Now())
	}
}

// look tells who waits, if that is news: hosts the list, and all the number.
func (o *lookout) look() {
	if !o.stale {
		return
	}
	o.stale = false
	queue := o.loop.room.env.Waiting(o.loop.room.name)
	was := o.total
	o.total = len(queue)
	now := []control.Waiter{}
	for _, w := range queue[:min(len(queue), queueShown)] {
		now = append(now, control.Waiter{ID: w.ID, Name: w.Name, Since: w.Since.UTC()})
	}
	if !slices.Equal(now, o.waiting) {
		o.waiting = now
		for _, m := range o.loop.members {
			if m.caught && m.grant.May("admit") == nil {
				m.control.Send(control.Lobby{Waiting: now})
			}
		}
	}
	if o.total != was {
		o.loop.notify.all(o.loop.moderator.state())
	}
}

// show tells a member who waits, if somebody does and it may let them in.
func (o *lookout) show(m *member) {
	if len(o.waiting) > 0 && m.grant.May("admit") == nil {
		m.control.Send(control.Lobby{Waiting: o.waiting})
	}
}
