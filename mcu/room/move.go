package room

import (
	"fmt"
	"image"
	"slices"
	"sync"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/policy"
	"tilemix/mcu/scene"
)

// Move takes the participant to another room of the same server, where it has a place with a seat.
// Its connection, its identities and its resume token stay; nothing is negotiated. When Move
// returns, the participant is in the other room, and nothing of the old one is sent to it any more.
// Where Move fails the place is the caller's to leave. ErrNotFound says that the participant has
// left or has not been connected yet, and that nothing changed; ErrClosed that the other room has
// ended, and with it the participant.
func (p *Participant) Move(to *Room, place Place) error {
	w := &passage{to: to.loop, place: place}
	departed := false
	p.call(func(m *member) { departed = w.depart(m) })
	if !departed {
		return fmt.Errorf("move: participant: %w", ErrNotFound)
	}
	w.clocks.Wait()
	p.session.HandOver()
	arrived := to.call(w.arrive)
	if w.was.place != nil {
		defer w.was.place.Leave()
	}
	if !arrived {
		p.arrive(w.member()) // of a room that has ended, so nothing waits any more
		p.session.Close()
		p.session.Finish()
		return fmt.Errorf("move: room: %w", ErrClosed)
	}
	return nil
}

// passage is one participant's way from room to room. The loop of the room that it leaves calls
// depart, that of the other one arrive.
type passage struct {
	to     *loop
	place  Place          // in that room
	was    *member        // in the room that it left
	clocks sync.WaitGroup // of that room, which let go of its streams
}

// depart takes a member out of its room. Its connection stays. It returns false for a member that is
// not in the room or has no seat, or is there already.
func (w *passage) depart(m *member) bool {
	l := m.loop
	i := slices.Index(l.members, m)
	if i < 0 || !m.seated || w.to == l {
		return false
	}
	l.members = slices.Delete(l.members, i, i+1)
	m.session.Log().Info("moves", "to", w.to.room.name)
	l.unseat(m)
	w.was = m
	w.clocks.Add(2)
	d := scene.Departed{ID: m.session.PublicID(), Left: true, Parted: w.clocks.Done}
	if m.camera != nil {
		m.camera.Show(image.Point{}, time.Time{}) // its track goes on
		d.Camera = m.camera
	}
	if m.microphone != nil {
		d.Microphone = m.microphone
	}
	l.departed = append(l.departed, d)
	m.camera, m.microphone = nil, nil
	m.participant.depart(w.to.room)
	m.session.Stand(w.to.room.ground())
	l.publish()
	l.room.chain.Wake()
	return true
}

// member returns the member that goes on in the other room as what it was. What it was allowed
// because it was the first in its room stays behind.
func (w *passage) member() *member {
	m := &member{
		loop: w.to, participant: w.was.participant, session: w.was.session, control: w.was.control,
		place: w.place, path: w.was.path, presence: w.was.presence, grant: w.was.grant,
		name: w.was.name, from: w.was.from, silenced: w.was.silenced, blinded: w.was.blinded,
		muted: w.was.muted, cameraOff: w.was.cameraOff,
	}
	if m.grant.First && m.grant.Role == policy.Host {
		m.grant.Role = policy.Participant
	}
	m.feedback.SetRung(w.was.feedback.Rung()) // the path is the same
	return m
}

// arrive takes the member into the other room. What was to be done in its name on the way is done
// now.
func (w *passage) arrive() {
	m, l := w.member(), w.to
	waited := m.participant.arrive(m)
	l.members = append(l.members, m)
	l.sit(m)
	m.control.Send(control.Moved{Room: l.room.name})
	l.publish()
	l.silences.begin()
	l.expire(time.Now())
	if m.receives() {
		l.room.chain.Wake()
	}
	for _, f := range waited {
		f(m)
	}
}
