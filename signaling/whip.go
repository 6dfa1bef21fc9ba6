package signaling

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/gateway/via"
	"tilemix/mcu/views"
	"tilemix/signaling/cluster/detour"
)

// whip serves the sessions of WHIP (RFC 9725), and with viewers those of WHEP
// (draft-ietf-wish-whep). It is safe for concurrent use.
type whip struct {
	srv      Server
	sessions *whipSessions
	bodies   bodies
	patience time.Duration // for the answer to an offer
	viewers  bool
	relay    func(room string) (node string) // that a further viewer is to receive a room by, "" for this one; nil: none is
	node     string                          // ID of this server in a cluster
	via      *via.Rooms                      // nil: pushes that form a loop are not refused
}

// create makes a participant, or a viewer, of an offer (RFC 9725 §4.2).
func (w *whip) create(c echo.Context) error {
	if c.QueryParam("participant") != "" && !w.viewers {
		return beside{w}.create(c)
	}
	r, h := c.Request(), c.Response().Header()
	room, name := c.Param("room"), named(c, grantOf(c))
	if _, was := (former{w}).was(room, c.QueryParam("resume")); !was {
		if err := (passage{w}).admits(c, room, name); err != nil && (w.viewers || !w.sessions.mayReturn(c, err)) {
			return err
		}
	}
	offer, err := w.bodies.read(c, typeSDP, errBodyType)
	if err != nil {
		h.Set(acceptPost[0], acceptPost[1])
		return err
	}
	// The room learns nothing of a body that cannot be an offer.
	if err := w.srv.CheckOffer(offer); err != nil {
		return err
	}
	if w.viewers && sends(offer) {
		return errViewerSends
	}
	switch c.QueryParam("as") {
	case "", "camera":
	case "screen":
		offer = asSlides(offer)
	default:
		return errAs
	}
	if _, err := views.Parse(c.QueryParam("view")); err != nil {
		return fmt.Errorf("parameter view: %w: %w", control.ErrInvalid, err)
	}
	if passed, err := (passage{w}).pass(c); passed || err != nil {
		return err
	}
	forget, err := w.enter(room, r.Header)
	if err != nil {
		return err
	}
	from := publisherOf(c)
	ses, err := w.come(c, from)
	if err != nil {
		forget()
		return err
	}
	ses.who.AfterLeave(forget)
	ses.etag, ses.offer = newETag(), offer
	ses.restarts = rate.NewLimiter(restartRate, restartBurst)
	answer, err := w.answer(r.Context(), ses, offer)
	if err != nil {
		ses.Leave()
		return err
	}
	w.sessions.keep(r, h, ses, !w.viewers)
	h.Set("Location", h.Get("Location")+detour.Of(r.Context()).At(w.node))
	return w.created(c, ses, answer)
}

// created answers with a session that has begun.
func (w *whip) created(c echo.Context, ses *whipSession, answer string) error {
	h := c.Response().Header()
	h.Set("ETag", ses.etag)
	h.Set(acceptPatch[0], acceptPatch[1])
	h.Set("Cache-Control", "no-store")
	for _, server := range w.srv.ICEServers() {
		links(h, server)
	}
	return c.Blob(http.StatusCreated, typeSDP, []byte(answer))
}

// come returns the session of a publisher that has come back, or else of a new participant. It is
// without what the offer decides.
func (w *whip) come(c echo.Context, from publisher) (*whipSession, error) {
	if !w.viewers {
		if ses, err := w.sessions.comeBack(c, from); ses != nil || err != nil {
			return ses, err
		}
		if ses, err := (former{w}).revive(c, from); ses != nil || err != nil {
			return ses, err
		}
	}
	grant := grantOf(c)
	if view := c.QueryParam("view"); view != "" && grant.May("view") == nil {
		grant.View = view
	}
	said := detour.Of(c.Request().Context())
	who, err := w.srv.Join(mcu.JoinOptions{
		Room: from.room, Name: from.name, Viewer: w.viewers, Grant: grant, Away: originOf(c.Request()).away(), From: originOf(c.Request()).host,
		Origin: cameBy(c), Rung: said.Pull, Relay: said.Here,
	})
	if err != nil {
		return nil, err
	}
	return &whipSession{stay: participant{who: who}, who: who, from: from, grant: grant}, nil
}

// enter refuses a push that would return the room's own mix. forget is called when its publisher is
// gone.
func (w *whip) enter(room string, h http.Header) (forget func(), err error) {
	if w.via == nil || w.viewers {
		return func() {}, nil
	}
	return w.via.Enter(room, h.Values(via.Header))
}

// remove ends a session (RFC 9725 §4.2). It ignores If-Match, as §4.3.1 asks.
func (w *whip) remove(c echo.Context) error {
	ses, err := w.sessions.take(c.Request().URL.Path)
	if err != nil {
		return err
	}
	ses.Leave()
	return c.NoContent(http.StatusOK)
}

// answer returns the session's answer to an offer, or an error after patience.
func (w *whip) answer(ctx context.Context, ses Session, offer string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	return ses.Offer(ctx, offer)
}

// asSlides returns an offer whose first video says that it is a screen (RFC 4796 §5).
func asSlides(offer string) string {
	from := strings.Index(offer, "m=video ")
	if from < 0 {
		return offer
	}
	end := len(offer)
	if next := strings.Index(offer[from:], "\nm="); next >= 0 {
		end = from + next + 1
	}
	return strings.TrimRight(offer[:end], "\r\n") + "\r\na=content:slides\r\n" + offer[end:]
}

// sends reports whether an offer sends audio or video. A media section without a
// direction has the session's direction, which is sendrecv by default (RFC 8866 §6.7).
func sends(offer string) bool {
	session, direction, media := "a=sendrecv", "", false
	sending := func() bool { return media && (direction == "a=sendrecv" || direction == "a=sendonly") }
	for line := range strings.Lines(offer) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "m="):
			if sending() {
				return true
			}
			media = strings.HasPrefix(line, "m=audio ") || strings.HasPrefix(line, "m=video ")
			direction = session
		case line == "a=sendrecv" || line == "a=sendonly" || line == "a=recvonly" || line == "a=inactive":
			if direction == "" {
				session = line
			} else {
				direction = line
			}
		}
	}
	return sending()
}

// links adds a Link header for each URL of an ICE server (RFC 9725 §4.6).
func links(h http.Header, server control.ICEServer) {
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	for _, url := range server.URLs {
		link := "<" + url + `>; rel="ice-server"`
		if server.Username != "" {
			link += `; username="` + quote.Replace(server.Username) +
				`"; credential="` + quote.Replace(server.Credential) + `"; credential-type="password"`
		}
		h.Add("Link", link)
	}
}
