package signaling

import (
	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"tilemix/mcu"
)

// beside takes screens by WHIP of participants who are in a room by another client. It is safe for concurrent use.
type beside struct{ *whip }

// create makes a connection for the screen of a participant of an offer (RFC 9725 §4.2).
func (w beside) create(c echo.Context) error {
	r, room := c.Request(), c.Param("room")
	if c.QueryParam("as") != "screen" {
		return errBeside
	}
	who, err := w.srv.Member(room, c.QueryParam("participant"))
	if err != nil {
		return err
	}
	if !mayBring(c, who) {
		return errNotYours
	}
	offer, err := w.bodies.read(c, typeSDP, errBodyType)
	if err != nil {
		c.Response().Header().Set(acceptPost[0], acceptPost[1])
		return err
	}
	if err := w.srv.CheckOffer(offer); err != nil {
		return err
	}
	forget, err := w.enter(room, r.Header)
	if err != nil {
		return err
	}
	side, err := who.Beside(originOf(r).away())
	if err != nil {
		forget()
		return err
	}
	side.AfterLeave(forget)
	ses := &whipSession{stay: side, who: who, etag: newETag(), offer: offer, restarts: rate.NewLimiter(restartRate, restartBurst)}
	answer, err := w.answer(r.Context(), ses, offer)
	if err != nil {
		ses.Leave()
		return err
	}
	c.Response().Header().Set("Location", outside(r, w.sessions.add(r.URL.Path, side.ID(), ses, side.AfterLeave)))
	return w.created(c, ses, answer)
}

// mayBring tells whether a client may bring the screen of a participant: one that has its resume token, one of the same
// identity, and one that may do what hosts do.
func mayBring(c echo.Context, who *mcu.Participant) bool {
	for _, token := range []string{bearer(c.Request()), resume(c.Request())} {
		if _, err := who.Grant(token); err == nil {
			return true
		}
	}
	grant, traits := grantOf(c), who.Traits()
	return grant.May("set") == nil || grant.Identity != "" && grant.Identity == traits.Identity && grant.By == traits.By
}
