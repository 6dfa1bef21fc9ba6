package signaling

import (
	"context"

	"tilemix/mcu"
	"tilemix/mcu/control"
)

// Session is what one client does in a room. It is safe for concurrent use.
type Session interface {
	// Offer takes an SDP offer of the client and returns the answer.
	Offer(ctx context.Context, sdp string) (answer string, err error)
	// Candidate adds an ICE candidate of the client.
	Candidate(control.CandidateInit) error
	// Command carries out a control message. The room sends the client a refusal as a
	// message.
	Command(control.Message)
}

// stay is a Session and its end.
type stay interface {
	Session
	// Done is closed once the session has ended.
	Done() <-chan struct{}
	// Leave ends the session.
	Leave()
	// Lose says that the client's control connection has closed; goodbye: because the
	// client's page went away.
	Lose(goodbye bool)
}

// participant is the stay of a participant of this machine over one control connection.
// When another connection has replaced that one, it changes nothing any more.
type participant struct {
	who  *mcu.Participant
	conn int // number of the control connection
}

func (p participant) Offer(ctx context.Context, sdp string) (string, error) {
	return p.who.OfferBy(ctx, p.conn, sdp)
}

func (p participant) Candidate(c control.CandidateInit) error {
	return p.who.AddCandidateBy(p.conn, c)
}

func (p participant) Command(m control.Message) { p.who.Handle(m) }
func (p participant) Done() <-chan struct{}     { return p.who.Done() }
func (p participant) Leave()                    { p.who.LeaveBy(p.conn) }
func (p participant) Lose(goodbye bool)         { p.who.Lose(p.conn, goodbye) }
