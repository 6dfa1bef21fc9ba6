package signaling

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"tilemix/mcu"
	"tilemix/mcu/broadcast"
	"tilemix/mcu/control"
	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/gateway"
	"tilemix/mcu/gateway/address"
	"tilemix/mcu/record"
)

// refusal is an error that HTTP itself is the reason for.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

var (
	errBodyType     = &refusal{http.StatusUnsupportedMediaType, "content type must be " + typeSDP}
	errPatchType    = &refusal{http.StatusUnsupportedMediaType, "content type must be " + typeFrag}
	errTooLong      = &refusal{http.StatusRequestEntityTooLarge, "body is too long"}
	errBodyLate     = &refusal{http.StatusRequestTimeout, "body did not arrive in time"}
	errBody         = &refusal{http.StatusBadRequest, "body could not be read"}
	errEmpty        = &refusal{http.StatusBadRequest, "body is empty"}
	errViewerSends  = &refusal{http.StatusBadRequest, "who only watches sends nothing: the offer must be recvonly"}
	errNoMatch      = &refusal{http.StatusPreconditionFailed, "If-Match names another ICE session"}
	errNeedMatch    = &refusal{http.StatusPreconditionRequired, "If-Match is missing"}
	errOrigin       = &refusal{http.StatusForbidden, "origin is not this host"}
	errNotWebSocket = &refusal{http.StatusUpgradeRequired, "this address speaks WebSocket, version 13"}
	errNoOffer      = &refusal{http.StatusBadRequest, "there is no offer to answer"}
	errSocketKey    = &refusal{http.StatusBadRequest, "Sec-WebSocket-Key must be 16 bytes in base64"}
)

// statuses maps the errors of mcu to HTTP.
var statuses = []struct {
	err    error
	status int
}{
	{mcu.ErrBadName, http.StatusBadRequest},
	{mcu.ErrBadSDP, http.StatusBadRequest},
	{errFrag, http.StatusBadRequest},
	{control.ErrInvalid, http.StatusBadRequest},
	{mcu.ErrNoCodec, http.StatusNotAcceptable},
	{mcu.ErrNotFound, http.StatusNotFound},
	{record.ErrStorage, http.StatusInsufficientStorage},
	{record.ErrEnded, http.StatusConflict},
	{record.ErrNoEncoder, http.StatusNotImplemented},
	{broadcast.ErrBadRequest, http.StatusBadRequest},
	{broadcast.ErrTooMany, http.StatusServiceUnavailable},
	{record.ErrTooMany, http.StatusServiceUnavailable},
	{address.ErrRefused, http.StatusBadRequest},
	{ffmpeg.ErrMissing, http.StatusNotImplemented},
	{gateway.ErrTooMany, http.StatusServiceUnavailable},
	{mcu.ErrTooOften, http.StatusTooManyRequests},
	{mcu.ErrRoomFull, http.StatusServiceUnavailable},
	{mcu.ErrServerFull, http.StatusServiceUnavailable},
	{mcu.ErrClosed, http.StatusServiceUnavailable},
	{context.DeadlineExceeded, http.StatusServiceUnavailable},
	{context.Canceled, http.StatusServiceUnavailable},
}

// explain says which status an error has and what the client is told of it.
// Errors nobody foresaw are 500 and keep their text to the log.
func explain(err error) (status int, text string) {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.status, r.text
	}
	if h, ok := errors.AsType[*echo.HTTPError](err); ok {
		return h.Code, strings.ToLower(http.StatusText(h.Code))
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status, err.Error()
		}
	}
	return http.StatusInternalServerError, "internal error"
}

// retryAfter is when a client that found the server full may try again, in seconds.
const retryAfter = "5"

// slowDown is the same for who comes back too often.
const slowDown = "1"

// refuse answers a request with its error.
func (s *site) refuse(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status, text := explain(err)
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	switch status {
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", retryAfter)
	case http.StatusTooManyRequests:
		h.Set("Retry-After", slowDown)
	case http.StatusUpgradeRequired:
		h.Set("Connection", "Upgrade")
		h.Set("Upgrade", "websocket")
		h.Set("Sec-WebSocket-Version", "13")
	case http.StatusInternalServerError:
		s.log.Error("request failed", "method", c.Request().Method, "route", c.Path(), "err", err)
	}
	if err := c.JSON(status, map[string]string{"error": text}); err != nil {
		s.log.Debug("answer not written", "err", err)
	}
}
