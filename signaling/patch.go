package signaling

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// patch adds a client's ICE candidates, or restarts ICE when the fragment's credentials
// are not those of the offer (RFC 9725 §4.3).
func (w *whip) patch(c echo.Context) error {
	ses, err := w.sessions.find(c.Request().URL.Path)
	if err != nil {
		return err
	}
	body, err := w.bodies.read(c, typeFrag, errPatchType)
	if err != nil {
		c.Response().Header().Set(acceptPatch[0], acceptPatch[1])
		return err
	}
	frag, err := parseFrag(body)
	if err != nil {
		return err
	}
	ses.mu.Lock()
	defer ses.mu.Unlock()
	if err := matches(c.Request().Header.Values("If-Match"), ses.etag); err != nil {
		return err
	}
	if frag.ufrag != "" && frag.ufrag != ufrag(ses.offer) {
		return w.restart(c, ses, frag)
	}
	return trickle(c, ses, frag)
}

// matches checks If-Match against the ICE session's entity tag (RFC 9110 §13.1.1,
// RFC 6585 §3). A client that restarts ICE sends "*", because its ICE session is new.
func matches(header []string, etag string) error {
	if len(header) == 0 {
		return errNeedMatch
	}
	tags := strings.Split(strings.Join(header, ","), ",")
	if slices.ContainsFunc(tags, func(tag string) bool {
		tag = strings.TrimSpace(tag)
		return tag == "*" || tag == etag
	}) {
		return nil
	}
	return errNoMatch
}

// trickle adds candidates, and ignores those that ICE cannot use (§4.3.2).
func trickle(c echo.Context, ses *whipSession, frag fragment) error {
	for _, candidate := range frag.candidates {
		if err := ses.Candidate(candidate); err != nil {
			continue
		}
	}
	return c.NoContent(http.StatusNoContent)
}

// restart offers again with the fragment's credentials and answers with the server's
// (§4.3.3). When it fails, the old ICE session goes on.
func (w *whip) restart(c echo.Context, ses *whipSession, frag fragment) error {
	if frag.pwd == "" {
		return errFrag
	}
	if !ses.restarts.Allow() {
		return errTooRestless
	}
	offer := withICE(ses.offer, frag)
	answer, err := w.answer(c.Request().Context(), ses, offer)
	if err != nil {
		return err
	}
	ses.offer, ses.etag = offer, newETag()
	for _, candidate := range frag.candidates {
		if err := ses.Candidate(candidate); err != nil {
			continue
		}
	}
	h := c.Response().Header()
	h.Set("ETag", ses.etag)
	h.Set("Cache-Control", "no-store")
	return c.Blob(http.StatusOK, typeFrag, []byte(answerFrag(answer)))
}
