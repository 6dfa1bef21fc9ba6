package room

import (
	"errors"
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
	l.room.chain.Publish(s)
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
