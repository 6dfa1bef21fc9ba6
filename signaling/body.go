package signaling

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"time"

	"github.com/labstack/echo/v4"
)

// Media types of bodies (RFC 8866 §8.2, RFC 8840 §9).
const (
	typeSDP  = "application/sdp"
	typeFrag = "application/trickle-ice-sdpfrag"
)

// What a resource accepts, as a header's name and value (RFC 9725 §4.2, §4.3).
var (
	acceptPost  = [2]string{"Accept-Post", typeSDP}
	acceptPatch = [2]string{"Accept-Patch", typeFrag}
)

// body reads the body of a request, which must be of the given media type.
func (s *site) body(c echo.Context, mediaType string, wrongType error) (string, error) {
	r, w := c.Request(), c.Response()
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != mediaType {
		return "", wrongType
	}
	if r.ContentLength > s.cfg.MaxBody {
		return "", errTooLong
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.cfg.MaxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return "", errTooLong
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "", errBodyLate
	}
	if err != nil {
		return "", errBody
	}
	// The deadline was for the body alone: left standing, it would end the request.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	if len(data) == 0 {
		return "", errEmpty
	}
	return string(data), nil
}

// punctual gives a body its time to arrive, also one that is not wanted: before
// net/http answers it reads what a handler has left.
func (s *site) punctual(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().ContentLength != 0 {
			_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(s.cfg.BodyTimeout))
		}
		return next(c)
	}
}
