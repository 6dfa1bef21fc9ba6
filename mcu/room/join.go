package room

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"tilemix/mcu/control"
	"tilemix/mcu/event"
	"tilemix/mcu/media"
	"tilemix/mcu/policy"
	"tilemix/mcu/scene"
	"tilemix/mcu/seats"
	"tilemix/mcu/session"
	"tilemix/mcu/views"
)

// Place is what a participant has of its server. The server decides how many there are.
type Place interface {
	// Sit is called when the participant's media connection stands for the first time. An error
	// says why there is no seat for it. The room's loop calls it.
	Sit() error
	// Leave is called when the participant has left and all that it had is closed.
	Leave()
}

// Options say what joins, and how its client is reached.
type Options struct {
	session.Options
	// Grant says what the participant may do and what it is known by.
	Grant policy.Grant
	// Send gets every control message for the participant. The room's loop calls it, so
	// it must not block. It may be nil.
	Send func(control.Message)
	// Cut is called when another control connection has taken the place of this one. It
	// must not block. It may be nil.
	Cut func()
	// From is the address of its client, for bans; zero: it has none.
	From netip.Prefix
	// Place is told when the participant takes its seat, and when it has left.
	Place Place
	// Path stands in for the network path to the participant, in tests.
	Path media.Path
	// Seat is the one that the participant had in a server that crashed; nil: it had none.
	Seat *seats.Seat
}

// Join makes a participant. It fails when no connection can be made for it, or, with
// ErrClosed, when the room has ended; then the place is the caller's to leave.
func (r *Room) Join(o Options) (*Participant, error) {
	m := restored(newMember(r.loop, o, time.Now()), o.Seat)
	p := &Participant{whereabouts: whereabouts{member: m}, home: r.name}
	s, err := session.New(o.Options, session.Env{
		API: r.env.API, Handshakes: r.env.Handshakes, DecodeSlot: r.env.DecodeSlot, Headroom: r.env.Headroom,
		Stereo: r.env.Stereo, Epoch: r.epoch, Metrics: r.env.Sessions, Spans: r.env.Spans, Ground: r.ground(),
	}, p.events())
	if err != nil {
		return nil, err
	}
	m.session, m.control = s, session.NewControl(s, o.Send, o.Cut)
	m.participant, p.session = p, s
	added := ErrClosed
	r.call(func() { added = r.loop.add(m) })
	if added != nil {
		s.Close()
		return nil, added
	}
	return p, nil
}

// ground is what a session has of the room.
func (r *Room) ground() session.Ground {
	return session.Ground{Pool: r.pool, Codecs: r.env.Codecs, Voices: r.env.Voices, Taps: r.tapped, Log: r.log}
}

// Resume brings a participant back by its resume token. It keeps its ID and its tile;
// control messages go to o.Send from now on, and its next offer makes a new connection.
// The number names the control connection for [Participant.LoseControl] and what else comes
// by it. ErrNotFound says that nobody has the token, any more or at all; ErrTooOften that
// the client came back too often.
func (r *Room) Resume(o Options, token string) (p *Participant, number int, err error) {
	if p, err = r.who(func(m *member) bool { return token != "" && m.session.Token() == token }); err != nil {
		return nil, 0, fmt.Errorf("resume: %w", err)
	}
	if number, err = p.Resume(o, token); err != nil {
		return nil, 0, err
	}
	return p, number, nil
}

// Grant returns what the participant may do that has a resume token, or ErrNotFound.
func (r *Room) Grant(token string) (policy.Grant, error) {
	p, err := r.who(func(m *member) bool { return token != "" && m.session.Token() == token })
	if err != nil {
		return policy.Grant{}, err
	}
	return p.Grant(token)
}

// errWaits is sent to those who wait in a lobby and ask for what all in a room would notice.
var errWaits = errors.New("you wait to be let in: send this again when you are in the room")

// queue is those who wait in a lobby, in the order in which they came. It belongs to the loop.
type queue struct{ loop *loop }

// publish makes the next scene, and tells each member its place. The scene has neither members nor
// sources nor sound, so nothing of what they send is decoded, and they do not know of each other.
func (q queue) publish() {
	l := q.loop
	s := &scene.Scene{Departed: l.departed, Views: []scene.View{{Size: l.stage.size}}}
	l.departed = nil
	for _, m := range l.members {
		if !m.seated {
			continue
		}
		s.Waiting = append(s.Waiting, scene.Waiter{ID: m.session.PublicID(), Name: m.session.Name, Since: m.since})
		if v, ok := m.viewer(); ok {
			s.Viewers = append(s.Viewers, v)
		}
	}
	was := l.room.Scene().Waiting
	l.room.chain.Publish(s)
	vault{l}.keep()
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

// outlets are the sinks of a room and what they see. They belong to the loop.
type outlets struct{ *loop }

// attach gives the mix to a sink, in the view that it wishes.
func (k outlets) attach(a *media.Attachment) error {
	if err := k.valid(a.View); err != nil {
		return err
	}
	look := &outlook{wish: a.View, changes: rate.NewLimiter(rate.Every(viewEvery), viewBurst)}
	look.size = k.sights.key(a.View, "").Size
	if !a.View.IsZero() {
		k.sights.sinks[a] = look
	}
	k.sinks = append(k.sinks, a)
	k.publish()
	if look.fault != nil {
		k.detach(a)
		return look.fault
	}
	k.room.chain.Wake()
	return nil
}

// detach ends what attach began.
func (k outlets) detach(a *media.Attachment) {
	i := slices.Index(k.sinks, a)
	if i < 0 {
		return
	}
	k.sinks = slices.Delete(slices.Clone(k.sinks), i, i+1) // scenes have the old one
	delete(k.sights.sinks, a)
	k.departed = append(k.departed, scene.Departed{Sink: a})
	k.publish()
}

// valid returns why a wish is none of a sink in this room.
func (k outlets) valid(w views.Wish) error {
	if err := w.Check(); err != nil {
		return err
	}
	err := k.sights.check(w)
	if errors.Is(err, errLayout) {
		err = fmt.Errorf("%w: %w", views.ErrInvalid, err)
	}
	return err
}

// check returns why a sink could not have a view now.
func (k outlets) check(w views.Wish) error {
	if err := k.valid(w); err != nil {
		return err
	}
	if !k.sights.pool.May(k.sights.key(w, ""), time.Now()) {
		return views.ErrLimit
	}
	return nil
}

// change gives a sink another view.
func (k outlets) change(sink media.Sink, w views.Wish) error {
	i := slices.IndexFunc(k.sinks, func(a *media.Attachment) bool { return a.Sink == sink })
	if i < 0 {
		return fmt.Errorf("sink: %w", ErrNotFound)
	}
	if err := k.valid(w); err != nil {
		return err
	}
	look := k.sights.sinks[k.sinks[i]]
	if look == nil {
		look = &outlook{changes: rate.NewLimiter(rate.Every(viewEvery), viewBurst)}
	}
	if w.Canvas != "" && k.sights.key(w, "").Size != look.size {
		return fmt.Errorf("%w: the canvas stays as it was at the beginning: leave canvas out, or begin anew", views.ErrInvalid)
	}
	if !look.changes.Allow() {
		return fmt.Errorf("%w: the view has changed too often, try again in a second", ErrTooOften)
	}
	look.wish, look.fault = w, nil
	k.sights.sinks[k.sinks[i]] = look
	k.publish()
	return look.fault
}
