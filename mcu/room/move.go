package room

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/media"
	"tilemix/mcu/policy"
	"tilemix/mcu/seats"
	"tilemix/mcu/views"
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
	m.share.depart()
	l.unseat(m)
	w.was = m
	w.clocks.Add(2)
	if m.camera != nil {
		show(m.camera, nil, time.Time{}) // its track goes on
	}
	l.departed = append(l.departed, m.depart(w.clocks.Done))
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
		name: w.was.name, from: w.was.from, hushed: w.was.hushed, silenced: w.was.silenced, blinded: w.was.blinded,
		muted: w.was.muted, cameraOff: w.was.cameraOff, chats: w.was.chats, look: outlook{changes: w.was.look.changes},
		observed: w.was.observed,
	}
	m.share.member = m
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
	w.greet(m)
	if m.grant != w.was.grant {
		m.control.Send(m.standing())
	}
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

// greet tells the client where it is. In a lobby that is its place in the queue, which publish tells.
func (w *passage) greet(m *member) {
	from, to := w.was.loop.room, w.to.room
	switch {
	case to.lobby:
	case from.lobby && from.name == to.name:
		m.control.Send(control.Admitted{Room: to.name})
	default:
		m.control.Send(control.Moved{Room: to.name})
	}
}

// whereabouts say in which room a participant is, and as which member. All that is done in a
// participant's name goes through them, so that it is done by the loop of the room that has the
// participant then: what comes while the participant moves waits until it has arrived. They are
// safe for concurrent use. The zero value is of a participant that is nowhere yet.
type whereabouts struct {
	mu      sync.Mutex
	member  *member
	to      *Room           // that it moves to; nil: it does not move
	waiting []func(*member) // in order, while it moves
}

// now returns the member that the participant is. While it moves, that is what it was.
func (w *whereabouts) now() *member {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.member
}

// room returns the room that has the participant, or will have it.
func (w *whereabouts) room() *Room {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.to != nil {
		return w.to
	}
	return w.member.loop.room
}

// holds has f wait if the participant moves, and else returns the member that it is.
func (w *whereabouts) holds(f func(*member)) (m *member, held bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.to != nil {
		w.waiting = append(w.waiting, f)
	}
	return w.member, w.to != nil
}

// post has the loop of the participant's room run f, soon. It returns false when the room has
// ended.
func (w *whereabouts) post(f func(*member)) bool {
	m, held := w.holds(f)
	if held {
		return true
	}
	return m.loop.room.post(func() {
		switch now, held := w.holds(f); {
		case held: // it departed before f's turn came
		case now == m:
			f(m)
		default: // it even arrived, and one loop must not wait for another
			m.loop.leaving.Go(func() { w.post(f) })
		}
	})
}

// call has the loop of the participant's room run f and waits until it has. It returns false when
// the room ended first; then f has not run and will not.
func (w *whereabouts) call(f func(*member)) bool {
	done := make(chan struct{})
	if !w.post(func(m *member) { f(m); close(done) }) {
		return false
	}
	for {
		r := w.room()
		select {
		case <-done:
			return true
		case <-r.ended:
		}
		if r != w.room() {
			continue
		}
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
}

// depart says that the participant moves to a room. The loop of the room that it leaves calls it.
func (w *whereabouts) depart(to *Room) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.to = to
}

// arrive says as which member of the room the participant goes on, and returns what has waited.
// The loop of that room calls it.
func (w *whereabouts) arrive(m *member) (waited []func(*member)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	waited = w.waiting
	w.member, w.to, w.waiting = m, nil, nil
	return waited
}

// vault has what is new of a room and its seats outlast a crash. It belongs to the loop.
type vault struct{ loop *loop }

func (v vault) keep() {
	l, env, o := v.loop, &v.loop.room.env, v.loop.moderator
	if env.Seats == nil {
		return
	}
	if is := (seats.Order{Locked: o.locked, Layout: l.stage.layout, Spot: strings.Join(o.spots, ",")}); is != o.kept && l.begun {
		o.kept = is
		env.Seats.KeepRoom(l.room.name, is)
	}
	for _, m := range l.members {
		if s := seatOf(m); s != m.kept && m.seated && !m.session.Injected {
			m.kept = s
			env.Seats.Keep(s)
		}
	}
}

// seatOf returns what outlasts a crash of a member.
func seatOf(m *member) seats.Seat {
	return seats.Seat{
		ID: m.session.PublicID(), Room: m.loop.room.name, Waits: m.loop.room.lobby, Viewer: m.session.Viewer,
		Name: m.name, Title: m.title, Joined: m.joined, Grant: m.grant, Secret: m.session.Secret(),
		Muted: m.muted, CameraOff: m.cameraOff, Silenced: m.silenced, Blinded: m.blinded, Hushed: m.hushed,
	}
}

// restored returns a member that comes back after a crash as what it was; nil: it does not.
func restored(m *member, s *seats.Seat) *member {
	if s != nil {
		m.title, m.muted, m.cameraOff, m.joined = s.Title, s.Muted, s.CameraOff, s.Joined
		m.silenced, m.blinded, m.hushed = s.Silenced, s.Blinded, s.Hushed
	}
	return m
}

// farewellOf is what the log says of a member that leaves.
func farewellOf(m *member) []any {
	said := []any{"name", m.name, "reason", m.why}
	if at := cmp.Or(m.joined, m.since); !at.IsZero() {
		said = append(said, "stayed", time.Since(at))
	}
	return said
}

// fell says that a sink was refused the view that it wished, or has lost it because the server is too busy.
func (o *sights) fell(a *media.Attachment, look *outlook, wish views.Wish, why error) {
	if look.fault = views.ErrLimit; !errors.Is(why, errStrain) {
		return
	}
	env, e := &o.loop.room.env, event.New(event.ViewFallen, o.loop.room.name)
	e.View = &event.View{View: wish.String(), Of: a.Of}
	env.Log.Warn("too busy for a view of its own", "room", e.Room, "of", a.Of, "view", e.View.View)
	env.Pictures.Fallen()
	env.Emit(e)
	if a.Fallen != nil {
		a.Fallen(e.View.View)
	}
}
