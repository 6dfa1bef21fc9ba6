package room

import (
	"fmt"
	"net/netip"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/media"
	"tilemix/mcu/policy"
	"tilemix/mcu/session"
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
}

// Join makes a participant. It fails when no connection can be made for it, or, with
// ErrClosed, when the room has ended; then the place is the caller's to leave.
func (r *Room) Join(o Options) (*Participant, error) {
	m := newMember(r.loop, o, time.Now())
	p := &Participant{whereabouts: whereabouts{member: m}}
	s, err := session.New(o.Options, session.Env{
		API: r.env.API, Handshakes: r.env.Handshakes, DecodeSlot: r.env.DecodeSlot, Headroom: r.env.Headroom,
		Stereo: r.env.Stereo, Epoch: r.epoch, Metrics: r.env.Sessions, Ground: r.ground(),
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
	return session.Ground{Pool: r.pool, Codecs: r.env.Codecs, Taps: r.tapped, Log: r.log}
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
