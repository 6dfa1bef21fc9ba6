package signaling

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/labstack/echo/v4"

	"tilemix/mcu"
	"tilemix/mcu/policy"
)

// relResume is the relation of a Link whose address a WHIP client posts to when it comes back.
const relResume = "urn:tilemix:resume"

// publisher is what one WHIP client is known by when it posts again.
type publisher struct {
	room, name string
	bearer     string     // hash of its token, "" without one
	client     netip.Addr // zero: not known
}

func publisherOf(c echo.Context) publisher {
	r := c.Request()
	p := publisher{room: c.Param("room"), name: named(c, grantOf(c)), client: originOf(r).client}
	if token := bearer(r); token != "" {
		sum := sha256.Sum256([]byte(token))
		p.bearer = string(sum[:])
	}
	return p
}

// same tells whether two requests seem to be of one publisher: they have one name and one token, or
// without tokens one address. Without a token and a name, nothing is the same.
func (p publisher) same(other publisher) bool {
	if p.room != other.room || p.name != other.name || p.bearer != other.bearer {
		return false
	}
	return p.bearer != "" || p.name != "" && p.client.IsValid() && p.client == other.client
}

// comeBack returns the session, without what its offer decides, of a publisher that has come back
// to its participant; nil: it has not. The old session's address is no more.
func (s *whipSessions) comeBack(c echo.Context, from publisher) (*whipSession, error) {
	resume := c.QueryParam("resume")
	for _, old := range s.meant(from, resume) {
		conn, err := old.who.Return(originOf(c.Request()).away(), resume != "")
		if errors.Is(err, mcu.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		_, _ = s.take(old.path)
		from.name = old.from.name
		return &whipSession{stay: participant{old.who, conn}, who: old.who, from: from, grant: old.grant}, nil
	}
	return nil, nil
}

// resumeSecret is what a participant of a resume value is known by to the server that follows a crash. No token
// of another kind begins so.
func resumeSecret(resume string) string { return "whip:" + resume }

// former brings clients of WHIP back that a server had which crashed.
type former struct{ *whip }

// was returns what a client of WHIP may do that had a resume value of a server that crashed.
func (w former) was(room, resume string) (g policy.Grant, is bool) {
	if resume == "" || w.viewers {
		return g, false
	}
	g, err := w.srv.Grant(room, resumeSecret(resume))
	return g, err == nil
}

// returning gives what a client of WHIP may do that comes back with a resume value, also from before a
// crash of the server.
func (w former) returning(room, resume string) (g policy.Grant, is bool) {
	if g, is = w.sessions.granted(room, resume); is {
		return g, true
	}
	return w.was(room, resume)
}

// revive is comeBack for a server that crashed meanwhile.
func (w former) revive(c echo.Context, from publisher) (*whipSession, error) {
	resume := c.QueryParam("resume")
	grant, is := w.was(from.room, resume)
	if !is {
		return nil, nil
	}
	who, conn, err := w.srv.Resume(mcu.JoinOptions{
		Room: from.room, Name: from.name, Away: originOf(c.Request()).away(), From: originOf(c.Request()).host, Origin: cameBy(c),
	}, resumeSecret(resume))
	if errors.Is(err, mcu.ErrNotFound) { // meanwhile
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &whipSession{stay: participant{who, conn}, who: who, from: from, grant: grant}, nil
}

// mayReturn tells whether a client that is not admitted, because all places are taken, may have one
// of them.
func (s *whipSessions) mayReturn(c echo.Context, err error) bool {
	return errors.Is(err, mcu.ErrRoomFull) &&
		len(s.meant(publisherOf(c), c.QueryParam("resume"))) > 0
}

// keep keeps a session, and tells its client the address of the session and, if it may return, the
// one of coming back.
func (s *whipSessions) keep(r *http.Request, h http.Header, ses *whipSession, mayReturn bool) {
	id := ses.who.ID()
	if ses.stay.(participant).conn != 0 { // the old address is not to end this session
		id = rand.Text()
	}
	if mayReturn {
		ses.resume = rand.Text()
		ses.who.Know(resumeSecret(ses.resume))
		query := url.Values{"resume": {ses.resume}}
		if ses.from.name != "" {
			query.Set("name", ses.from.name)
		}
		h.Add("Link", "<"+outside(r, r.URL.EscapedPath())+"?"+query.Encode()+`>; rel="`+relResume+`"`)
	}
	h.Set("Location", outside(r, s.add(r.URL.Path, id, ses, ses.who.AfterLeave)))
}
