package room

import (
	"context"
	"fmt"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/media"
	"tilemix/mcu/policy"
	"tilemix/mcu/session"
	"tilemix/mcu/silence"
)

// anyControl names whichever control connection there is.
const anyControl = -1

// Participant is a participant or viewer of a room, for those who act in its name. It may move to
// another room and is the same Participant there. It is safe for concurrent use. Its tracks have goroutines, see package session.
type Participant struct {
	whereabouts
	session *session.Session
	home    string // name of the room that it entered by itself
}

// ID returns the secret name of the participant's session.
func (p *Participant) ID() string { return p.session.ID() }

// Home returns the name of the room that the participant entered by itself. It may have moved since.
func (p *Participant) Home() string { return p.home }

// Know takes note of the secret by which a client without a resume token comes back after a crash of
// the server.
func (p *Participant) Know(secret string) {
	p.session.Know(secret)
	p.post(func(m *member) { vault{m.loop}.keep() })
}

// Traits are what bans know the participant by, as a ban of it has them.
func (p *Participant) Traits() (who policy.Ban) {
	p.call(func(m *member) {
		who = policy.Ban{Identity: m.grant.Identity, By: m.grant.By, Address: m.from, Name: m.name}
	})
	return who
}

// Receives tells whether the participant only receives, and has no tile.
func (p *Participant) Receives() bool { return p.session.Viewer }

// Done is closed when the participant has left, for whatever reason.
func (p *Participant) Done() <-chan struct{} { return p.session.Done() }

// AfterLeave has f run in a goroutine of its own as the participant leaves, or at once if
// it has.
func (p *Participant) AfterLeave(f func()) { p.session.AfterLeave(f) }

// Leave ends the participant's session. It returns at once; a second Leave does nothing.
func (p *Participant) Leave() {
	p.post(func(m *member) { m.loop.remove(m.because("its client left")) })
}

// GiveWay ends the session of a participant whose connection has never stood, because another
// needs its place. It does nothing to others.
func (p *Participant) GiveWay() {
	p.post(func(m *member) {
		if !m.seated {
			m.refuse(errGiveWay)
			m.loop.remove(m.because(errGiveWay.Error()))
		}
	})
}

// LeaveBy is Leave for a client that says so over the control connection of a number. One
// that was replaced is ignored, because the client came back.
func (p *Participant) LeaveBy(number int) {
	p.post(func(m *member) {
		if number == m.control.Number() {
			m.loop.remove(m.because("its client left"))
		}
	})
}

// Lose says that the participant's control connection of a number is lost: 0 is the one
// that it joined with. Goodbye says that the client ended it. What becomes of the
// participant is package presence's. Connections that were replaced are ignored.
func (p *Participant) Lose(number int, goodbye bool) {
	p.post(func(m *member) {
		if number == m.control.Number() {
			m.loop.change(m, func(now time.Time) { m.presence.LoseControl(goodbye, now) })
		}
	})
}

// Return gives the participant another connection, because its client came back without a resume
// token, as WHIP clients do. It keeps its ID and its tile. Sure says that the client has proved to
// be the same; otherwise Return fails with ErrNotFound while the old connection's media flows.
// Away says that the client is on another machine. The number is as in [Room.Resume].
func (p *Participant) Return(away, sure bool) (number int, err error) {
	o := Options{Options: session.Options{Away: away}}
	return p.replace(o, func(m *member) bool { return sure || m.gone(time.Now()) })
}

// Offer takes an SDP offer and returns the answer, with all of the server's candidates in
// it. A later offer renegotiates.
func (p *Participant) Offer(ctx context.Context, sdp string) (string, error) {
	return p.OfferBy(ctx, anyControl, sdp)
}

// OfferBy is Offer over the control connection of a number. ErrClosed says that it was
// replaced.
func (p *Participant) OfferBy(ctx context.Context, number int, sdp string) (string, error) {
	answer, err := p.session.Offer(ctx, number, sdp)
	if err != nil {
		return "", err
	}
	p.post(func(m *member) {
		if m.presence.MediaUp() {
			m.loop.publish()
		}
	})
	return answer, nil
}

// AddCandidate adds a candidate of the client's.
func (p *Participant) AddCandidate(c control.CandidateInit) error {
	return p.session.AddCandidate(anyControl, c)
}

// AddCandidateBy is AddCandidate over the control connection of a number. ErrClosed says
// that it was replaced.
func (p *Participant) AddCandidateBy(number int, c control.CandidateInit) error {
	return p.session.AddCandidate(number, c)
}

// Handle does what a control message asks. The participant is sent refusals.
func (p *Participant) Handle(m control.Message) {
	p.post(func(by *member) { by.loop.do(by, m) })
}

// PlayVideo shows a source as the participant's camera until its Read fails, as it has to
// when the participant leaves.
func (p *Participant) PlayVideo(s media.Source) { p.session.PlayVideo(s) }

// PlayScreen shows a source as the participant's screen, beside its camera, until its Read fails,
// as it has to when the participant leaves.
func (p *Participant) PlayScreen(s media.Source) { p.session.PlayScreen(s) }

// PlayAudio plays a source as the participant's microphone until its Read fails, as it has
// to when the participant leaves.
func (p *Participant) PlayAudio(s media.Source) { p.session.PlayAudio(s) }

// Beside makes a connection by which another client brings the participant's screen. Away says that this client is
// on another machine. Errors are ErrNotFound for one that has left, policy.ErrForbidden, and control.ErrScreen where it
// shares one already.
func (p *Participant) Beside(away bool) (b *session.Beside, err error) {
	err = ErrNotFound
	p.call(func(m *member) {
		switch {
		case !m.loop.has(m) || m.session.Viewer:
		case m.share.cam != nil:
			err = control.ErrScreen
		default:
			err = m.grant.May("publish.screen")
		}
	})
	if err == nil {
		b = &session.Beside{Session: p.session, Away: away}
		err = b.Open()
	}
	if err != nil {
		return nil, fmt.Errorf("participant %s: %w", p.session.PublicID(), err)
	}
	return b, nil
}

// HasTile tells whether the room knows that the participant's connection stands. That is
// later than its client is connected.
func (p *Participant) HasTile() (ok bool) {
	p.call(func(m *member) { ok = m.presence.HasTile() })
	return ok
}

// Silence returns why nothing is seen, and why nothing is heard, of the participant although it
// sends. Both are empty where all is well, or is not known yet.
func (p *Participant) Silence() (unseen, unheard silence.Reason) {
	p.call(func(m *member) { unseen, unheard = m.unseen.why, m.unheard.why })
	return unseen, unheard
}

// Resume is [Room.Resume] for a participant that may have moved. ErrNotFound says that the token
// is another one's, or that the participant has left.
func (p *Participant) Resume(o Options, token string) (number int, err error) {
	if token == "" || p.session.Token() != token {
		return 0, fmt.Errorf("resume: %w", ErrNotFound)
	}
	return p.replace(o, func(*member) bool { return true })
}

// Grant returns what the participant may do. ErrNotFound says that a resume token is another one's,
// or that the participant has left.
func (p *Participant) Grant(token string) (g policy.Grant, err error) {
	there := false
	if token != "" && p.session.Token() == token {
		p.call(func(m *member) { there, g = m.loop.has(m), m.grant })
	}
	if !there {
		return policy.Grant{}, fmt.Errorf("resume token: %w", ErrNotFound)
	}
	return g, nil
}

// replace gives a participant another connection, if it is in a room and may have one. The loop
// calls may. Errors are those of Resume.
func (p *Participant) replace(o Options, may func(*member) bool) (number int, err error) {
	found, allowed := false, false
	p.call(func(m *member) {
		found = m.loop.has(m) && may(m)
		allowed = found && p.session.MayResume()
	})
	switch {
	case !found:
		return 0, fmt.Errorf("resume: %w", ErrNotFound)
	case !allowed:
		return 0, fmt.Errorf("resume: %w", ErrTooOften)
	}
	conn, err := p.session.NewConnection(o.Away)
	if err != nil {
		return 0, err
	}
	resumed := false
	p.call(func(m *member) {
		if resumed = m.loop.has(m) && may(m); resumed {
			number = m.loop.resume(m, conn, o)
		}
	})
	if !resumed {
		conn.Close()
		return 0, fmt.Errorf("resume: %w", ErrNotFound)
	}
	return number, nil
}

// events are what a participant's session tells the loop of the room that it is in.
func (p *Participant) events() session.Events {
	return session.Events{
		Post: func(f func()) bool { return p.post(func(*member) { f() }) },
		Call: func(f func()) bool { return p.call(func(*member) { f() }) },
		KeyFrame: func() {
			m := p.now()
			m.feedback.RequestKeyFrame()
			m.loop.room.chain.Wake()
		},
		Connected:     func() { m := p.now(); m.loop.connected(m) },
		Disconnected:  func(failed bool) { m := p.now(); m.loop.disconnected(m, failed) },
		ControlOpened: func() { m := p.now(); m.loop.controlOpened(m) },
		ControlClosed: func() { m := p.now(); m.loop.controlClosed(m) },
		Command:       func(c control.Message) { m := p.now(); m.loop.do(m, c) },
		Rejected:      func(err error) { p.now().refuse(err) },
		Present:       func() bool { m := p.now(); return m.loop.has(m) },
		SetCamera: func(c *session.Cam) {
			if m := p.now(); c.Screen {
				m.loop.shares.set(m, c)
			} else {
				m.loop.setCamera(m, c)
			}
		},
		SetMicrophone: func(mic *session.Mic) {
			if m := p.now(); mic.Screen {
				m.loop.shares.hear(m, mic)
			} else {
				m.loop.setMicrophone(m, mic)
			}
		},
		EndCamera:     func(c *session.Cam) { m := p.now(); m.loop.endCamera(m, c) },
		EndMicrophone: func(mic *session.Mic) { m := p.now(); m.loop.endMicrophone(m, mic) },
	}
}

// Reject has a participant leave that waits in a lobby. Its client is told the reason, which may be
// empty. ErrNotFound says that it does not wait.
func (p *Participant) Reject(reason string) error {
	waits := false
	p.call(func(m *member) {
		if waits = m.loop.room.lobby && m.loop.has(m); waits {
			m.session.Log().Info("rejected", "reason", reason)
			m.control.Send(control.Rejected{Reason: reason})
			m.loop.remove(m.because("rejected"))
		}
	})
	if !waits {
		return fmt.Errorf("reject: participant that waits: %w", ErrNotFound)
	}
	return nil
}
