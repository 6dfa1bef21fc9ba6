package signaling

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"tilemix/mcu"
	"tilemix/mcu/control"
)

// publish makes a participant of a WHIP offer (RFC 9725 §4.2).
func (s *site) publish(c echo.Context) error { return s.create(c, false) }

// watch makes a viewer of a WHEP offer.
func (s *site) watch(c echo.Context) error { return s.create(c, true) }

func (s *site) create(c echo.Context, viewer bool) error {
	r, h := c.Request(), c.Response().Header()
	room, name := c.Param("room"), c.QueryParam("name")
	if err := s.srv.Admits(room, name); err != nil {
		return err
	}
	offer, err := s.body(c, typeSDP, errBodyType)
	if err != nil {
		h.Set(acceptPost[0], acceptPost[1])
		return err
	}
	// What cannot be an offer is refused before anyone in the room hears of it.
	if err := s.srv.CheckOffer(offer); err != nil {
		return err
	}
	if viewer && sends(offer) {
		return errViewerSends
	}
	who, err := s.srv.Join(mcu.JoinOptions{Room: room, Name: name, Viewer: viewer})
	if err != nil {
		return err
	}
	answer, err := s.answer(r.Context(), who, offer)
	if err != nil {
		who.Leave()
		return err
	}
	etag := newETag()
	location := s.sessions.add(r.URL.Path, &session{who: who, etag: etag, offer: offer})
	h.Set("Location", location)
	h.Set("ETag", etag)
	h.Set(acceptPatch[0], acceptPatch[1])
	h.Set("Cache-Control", "no-store")
	for _, server := range s.srv.ICEServers() {
		links(h, server)
	}
	return c.Blob(http.StatusCreated, typeSDP, []byte(answer))
}

// sends tells whether an offer is to send sound or pictures. A section without a
// direction has the session's, and that is sendrecv (RFC 8866 §6.7).
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

// answer has the participant answer an offer within the time there is for it.
func (s *site) answer(ctx context.Context, who *mcu.Participant, offer string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Offer)
	defer cancel()
	return who.Offer(ctx, offer)
}

// links tells of an ICE server (RFC 9725 §4.6).
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

// leave ends a session (RFC 9725 §4.2). If-Match is ignored, as §4.3.1 asks.
func (s *site) leave(c echo.Context) error {
	ses, err := s.sessions.take(c.Request().URL.Path)
	if err != nil {
		return err
	}
	ses.who.Leave()
	return c.NoContent(http.StatusOK)
}
