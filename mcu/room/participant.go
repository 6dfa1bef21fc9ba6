package room

import (
	"context"
	"time"

	"tilemix/mcu/control"
	"tilemix/mcu/media"
	"tilemix/mcu/session"
	"tilemix/mcu/silence"
)

// Participant is a participant or viewer of a room, for those who act in its name. It is
// safe for concurrent use. Its tracks have goroutines, see package session.
type Participant struct {
	room    *Room
	member  *member // the loop's
	session *session.Session
}

// ID returns the secret name of the participant's session.
func (p *Participant) ID() string { return p.session.ID() }

// Done is closed when the participant has left, for whatever reason.
func (p *Participant) Done() <-chan struct{} { return p.session.Done() }

// AfterLeave has f run in a goroutine of its own as the participant leaves, or at once if
// it has.
func (p *Participant) AfterLeave(f func()) { p.session.AfterLeave(f) }

// Leave ends the participant's session. It returns at once; a second Leave does nothing.
func (p *Participant) Leave() { p.room.post(func() { p.room.loop.remove(p.member) }) }

// GiveWay ends the session of a participant whose connection has never stood, because another
// needs its place. It does nothing to others.
func (p *Participant) GiveWay() {
	p.room.post(func() {
		if !p.member.seated {
			p.member.refuse("another client that connects needs your place: come again")
			p.room.loop.remove(p.member)
		}
	})
}

// LeaveBy is Leave for a client that says so over the control connection of a number. One
// that was replaced is ignored, because the client came back.
func (p *Participant) LeaveBy(number int) {
	p.room.post(func() {
		if number == p.member.control.Number() {
			p.room.loop.remove(p.member)
		}
	})
}

// Lose says that the participant's control connection of a number is lost: 0 is the one
// that it joined with. Goodbye says that the client ended it. What becomes of the
// participant is package presence's. Connections that were replaced are ignored.
func (p *Participant) Lose(number int, goodbye bool) {
	p.room.post(func() {
		if number == p.member.control.Number() {
			p.room.loop.change(p.member, func(now time.Time) { p.member.presence.LoseControl(goodbye, now) })
		}
	})
}

// Return gives the participant another connection, because its client came back without a resume
// token, as WHIP clients do. It keeps its ID and its tile. Sure says that the client has proved to
// be the same; otherwise Return fails with ErrNotFound while the old connection's media flows.
// Away says that the client is on another machine. The number is as in [Room.Resume].
func (p *Participant) Return(away, sure bool) (number int, err error) {
	o := Options{Options: session.Options{Away: away}}
	return p.room.replace(p.member, o, func() bool { return sure || p.member.gone(time.Now()) })
}

// Offer takes an SDP offer and returns the answer, with all of the server's candidates in
// it. A later offer renegotiates.
func (p *Participant) Offer(ctx context.Context, sdp string) (string, error) {
	return p.OfferBy(ctx, session.AnyControl, sdp)
}

// OfferBy is Offer over the control connection of a number. ErrClosed says that it was
// replaced.
func (p *Participant) OfferBy(ctx context.Context, number int, sdp string) (string, error) {
	answer, err := p.session.Offer(ctx, number, sdp)
	if err != nil {
		return "", err
	}
	p.room.post(func() {
		if p.member.presence.MediaUp() {
			p.room.loop.publish()
		}
	})
	return answer, nil
}

// AddCandidate adds a candidate of the client's.
func (p *Participant) AddCandidate(c control.CandidateInit) error {
	return p.session.AddCandidate(session.AnyControl, c)
}

// AddCandidateBy is AddCandidate over the control connection of a number. ErrClosed says
// that it was replaced.
func (p *Participant) AddCandidateBy(number int, c control.CandidateInit) error {
	return p.session.AddCandidate(number, c)
}

// Handle does what a control message asks. The participant is sent refusals.
func (p *Participant) Handle(m control.Message) {
	p.room.post(func() { p.room.loop.do(p.member, m) })
}

// PlayVideo shows a source as the participant's camera until its Read fails, as it has to
// when the participant leaves.
func (p *Participant) PlayVideo(s media.Source) { p.session.PlayVideo(s) }

// PlayAudio plays a source as the participant's microphone until its Read fails, as it has
// to when the participant leaves.
func (p *Participant) PlayAudio(s media.Source) { p.session.PlayAudio(s) }

// HasTile tells whether the room knows that the participant's connection stands. That is
// later than its client is connected.
func (p *Participant) HasTile() (ok bool) {
	p.room.call(func() { ok = p.member.presence.HasTile() })
	return ok
}

// Silence returns why nothing is seen, and why nothing is heard, of the participant although it
// sends. Both are empty where all is well, or is not known yet.
func (p *Participant) Silence() (unseen, unheard silence.Reason) {
	p.room.call(func() { unseen, unheard = p.member.unseen.why, p.member.unheard.why })
	return unseen, unheard
}
