package room

import (
	"fmt"
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
	// Place is told when the participant takes its seat, and when it has left.
	Place Place
	// Path stands in for the network path to the participant, in tests.
	Path media.Path
}

// Join makes a participant. It fails when no connection can be made for it, or, with
// ErrClosed, when the room has ended; then the place is the caller's to leave.
func (r *Room) Join(o Options) (*Participant, error) {
	m := newMember(r.loop, o, time.Now())
	s, err := session.New(o.Options, session.Env{
		API: r.env.API, Codecs: r.env.Codecs, Handshakes: r.env.Handshakes, DecodeSlot: r.env.DecodeSlot, Headroom: r.env.Headroom,
		Pool: r.pool, Stereo: r.env.Stereo, Epoch: r.epoch, Metrics: r.env.Sessions, Log: r.log,
	}, r.events(m))
	if err != nil {
		return nil, err
	}
	m.session, m.control = s, session.NewControl(s, o.Send, o.Cut)
	m.participant = &Participant{room: r, member: m, session: s}
	added := ErrClosed
	r.call(func() { added = r.loop.add(m) })
	if added != nil {
		s.Close()
		return nil, added
	}
	return m.participant, nil
}

// events are what a member's session tells the loop.
func (r *Room) events(m *member) session.Events {
	return session.Events{
		Post: r.post, Call: r.call, Taps: r.tapped,
		KeyFrame: func() {
			m.feedback.RequestKeyFrame()
			r.chain.Wake()
		},
		Connected:     func() { r.loop.connected(m) },
		Disconnected:  func(failed bool) { r.loop.disconnected(m, failed) },
		ControlOpened: func() { r.loop.controlOpened(m) },
		ControlClosed: func() { r.loop.controlClosed(m) },
		Command:       func(c control.Message) { r.loop.do(m, c) },
		Rejected:      func(err error) { m.refuse(err.Error()) },
		Present:       func() bool { return r.loop.has(m) },
		SetCamera:     func(c *session.Cam) { r.loop.setCamera(m, c) },
		SetMicrophone: func(mic *session.Mic) { r.loop.setMicrophone(m, mic) },
		EndCamera: func(c *session.Cam) {
			if m.camera == c {
				r.loop.setCamera(m, nil)
			}
		},
		EndMicrophone: func(mic *session.Mic) {
			if m.microphone == mic {
				r.loop.setMicrophone(m, nil)
			}
		},
	}
}

// Resume brings a participant back by its resume token. It keeps its ID and its tile;
// control messages go to o.Send from now on, and its next offer makes a new connection.
// The number names the control connection for [Participant.LoseControl] and what else comes
// by it. ErrNotFound says that nobody has the token, any more or at all; ErrTooOften that
// the client came back too often.
func (r *Room) Resume(o Options, token string) (p *Participant, number int, err error) {
	var m *member
	r.call(func() { m = r.loop.holder(token) })
	if m == nil {
		return nil, 0, fmt.Errorf("resume: %w", ErrNotFound)
	}
	if number, err = r.replace(m, o, func() bool { return true }); err != nil {
		return nil, 0, err
	}
	return m.participant, number, nil
}

// Grant returns what the participant may do that has a resume token, or ErrNotFound.
func (r *Room) Grant(token string) (policy.Grant, error) {
	grant, err := policy.Grant{}, fmt.Errorf("resume token: %w", ErrNotFound)
	r.call(func() {
		if m := r.loop.holder(token); m != nil {
			grant, err = m.grant, nil
		}
	})
	return grant, err
}

// replace gives a member another connection, if it is in the room and may have one. The loop calls
// may. Errors are those of Resume.
func (r *Room) replace(m *member, o Options, may func() bool) (number int, err error) {
	found, allowed := false, false
	r.call(func() {
		found = r.loop.has(m) && may()
		allowed = found && m.session.MayResume()
	})
	switch {
	case !found:
		return 0, fmt.Errorf("resume: %w", ErrNotFound)
	case !allowed:
		return 0, fmt.Errorf("resume: %w", ErrTooOften)
	}
	conn, err := m.session.NewConnection(o.Away)
	if err != nil {
		return 0, err
	}
	resumed := false
	r.call(func() {
		if resumed = r.loop.has(m) && may(); resumed {
			number = r.loop.resume(m, conn, o)
		}
	})
	if !resumed {
		conn.Close()
		return 0, fmt.Errorf("resume: %w", ErrNotFound)
	}
	return number, nil
}
