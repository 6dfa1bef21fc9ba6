package mcu

import (
	"errors"
	"fmt"
	"time"

	"tilemix/mcu/policy"
)

// former brings back clients that have the secret of a participant: one that has moved to another room,
// or one of the server before, which crashed. It is safe for concurrent use.
type former struct{ *Server }

// resume brings back the one that has a secret. Errors are those of [Server.Resume].
func (f former) resume(o JoinOptions, secret string) (*Participant, int, error) {
	p, number, err := f.moved.resume(o.options(), secret)
	if !errors.Is(err, ErrNotFound) {
		return p, number, err
	}
	seat, former := f.cfg().Seats.Claim(secret, time.Now())
	if !former {
		return nil, 0, err
	}
	o.Room, o.Name, o.Viewer, o.Wait, o.Grant, o.seat = seat.Room, seat.Name, seat.Viewer, seat.Waits, seat.Grant, &seat
	if p, err = f.Join(o); err != nil {
		f.cfg().Seats.Return(seat)
		return nil, 0, fmt.Errorf("resume: %w", err)
	}
	return p, 0, nil
}

// grant returns what the one may do that has a secret, or ErrNotFound.
func (f former) grant(secret string) (policy.Grant, error) {
	g, err := f.moved.grant(secret)
	if err == nil {
		return g, nil
	}
	seat, former := f.cfg().Seats.Former(secret, time.Now())
	if !former {
		return g, err
	}
	return seat.Grant, nil
}
