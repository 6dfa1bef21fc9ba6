package signaling

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
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
		// Who is still sending as the connection closes would see that, and no answer.
		_, _ = io.CopyN(io.Discard, r.Body, 4*s.cfg.MaxBody)
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

var errJSONType = &refusal{http.StatusUnsupportedMediaType, "content type must be application/json"}

// json reads a body into v, which stays as it is where there is none.
func (s *site) json(c echo.Context, v any) error {
	if c.Request().ContentLength == 0 {
		return nil
	}
	body, err := s.body(c, "application/json", errJSONType)
	if errors.Is(err, errEmpty) {
		return nil
	}
	if err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return badJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return &refusal{http.StatusBadRequest, "body goes on after its JSON"}
	}
	return nil
}

// badJSON says what of a body is not expected. It repeats no value: it may be a key.
func badJSON(err error) error {
	text := "body is not the JSON that is expected here"
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		text = fmt.Sprintf("body has the unknown field %.80s", name)
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		text = fmt.Sprintf("body is no JSON from byte %d on", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		kind, _, _ := strings.Cut(e.Value, " ")
		text = fmt.Sprintf("field %q in the body is of the wrong type: %s", e.Field, kind)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		text = "body ends within its JSON"
	}
	return &refusal{http.StatusBadRequest, text}
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
