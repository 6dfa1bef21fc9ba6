package mcu

import (
	"context"
	"fmt"

	"tilemix/mcu/control"
	"tilemix/mcu/rtc"
)

// attached is the connection that somebody has now, with the number of the control
// connection that it came by.
type attached struct {
	peer *rtc.Peer
	line int
}

func (a *attached) candidate(c control.CandidateInit) error {
	return a.peer.AddCandidate(c.Candidate, c.SDPMid, c.SDPMLineIndex)
}

// by returns the participant's connection, if it is the one of that number.
func (p *Participant) by(line int) (*attached, error) {
	if a := p.answer.Load(); a.line == line {
		return a, nil
	}
	return nil, fmt.Errorf("%w: another connection has taken the place of this one", ErrClosed)
}

// LeaveBy is Leave for who says so over the control connection of that number, as
// [Participant.Lose] has it. One that was replaced is ignored: who came back stays.
func (p *Participant) LeaveBy(line int) {
	p.room.post(func() {
		if line == p.line {
			p.room.remove(p)
		}
	})
}

// OfferBy is Offer over the control connection of that number. ErrClosed says that it
// was replaced.
func (p *Participant) OfferBy(ctx context.Context, line int, sdp string) (string, error) {
	to, err := p.by(line)
	if err != nil {
		return "", err
	}
	return p.offer(ctx, to, sdp)
}

// AddCandidateBy is AddCandidate over the control connection of that number. ErrClosed
// says that it was replaced.
func (p *Participant) AddCandidateBy(line int, c control.CandidateInit) error {
	to, err := p.by(line)
	if err != nil {
		return err
	}
	return to.candidate(c)
}
