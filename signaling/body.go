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

	"tilemix/mixer/motion"
)

// Media types of bodies (RFC 8866 §8.2, RFC 8840 §9).
const (
	typeSDP  = "application/sdp"
	typeFrag = "application/trickle-ice-sdpfrag"
	typeJSON = "application/json"
)

// Headers, as name and value, that say what a resource accepts (RFC 9725 §4.2, §4.3).
var (
	acceptPost  = [2]string{"Accept-Post", typeSDP}
	acceptPatch = [2]string{"Accept-Patch", typeFrag}
)

// bodies reads the bodies of requests. It is safe for concurrent use.
type bodies struct {
	max     int64         // bytes
	timeout time.Duration // for a whole body to arrive
}

// read returns the body of a request, which must be of the given media type.
func (b bodies) read(c echo.Context, mediaType string, wrongType error) (string, error) {
	r, w := c.Request(), c.Response()
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != mediaType {
		return "", wrongType
	}
	if r.ContentLength > b.max {
		// A client that still sends while the server closes the connection gets a
		// reset instead of the answer.
		_, _ = io.CopyN(io.Discard, r.Body, 4*b.max)
		return "", b.tooLong()
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, b.max))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return "", b.tooLong()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "", &refusal{http.StatusRequestTimeout, fmt.Sprintf("body did not arrive within %v", b.timeout)}
	}
	if err != nil {
		return "", errBody
	}
	// The deadline is for the body alone: it would end a request that takes longer.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	if len(data) == 0 {
		return "", errEmpty
	}
	return string(data), nil
}

func (b bodies) tooLong() error {
	return &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("body is longer than %d bytes", b.max)}
}

// json reads a JSON body into v. Without a body v stays as it is.
func (b bodies) json(c echo.Context, v any) error {
	if c.Request().ContentLength == 0 {
		return nil
	}
	body, err := b.read(c, typeJSON, errJSONType)
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
		return &refusal{http.StatusBadRequest, "unexpected data after JSON body"}
	}
	return nil
}

// punctual gives every body its time to arrive, also a body that no handler reads,
// because net/http reads the rest of a body before it answers.
func (b bodies) punctual(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().ContentLength != 0 {
			_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(b.timeout))
		}
		return next(c)
	}
}

// badJSON describes what is wrong with a JSON body. It repeats no value, because a value
// may be a secret.
func badJSON(err error) error {
	text := "body is not the JSON that this request needs"
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		text = fmt.Sprintf("body has the unknown field %.80s", name)
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		text = fmt.Sprintf("body is not valid JSON at byte %d", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		kind, _, _ := strings.Cut(e.Value, " ")
		text = fmt.Sprintf("field %q in the body has the wrong type: %s", e.Field, kind)
	}
	if errors.Is(err, motion.ErrEase) {
		text = err.Error()
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		text = "body ends before its JSON is complete"
	}
	return &refusal{http.StatusBadRequest, text}
}
