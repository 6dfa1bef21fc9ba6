package signaling

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"syscall"

	"github.com/labstack/echo/v4"

	"tilemix/mcu"
	"tilemix/mcu/admission"
	"tilemix/mcu/broadcast"
	"tilemix/mcu/control"
	"tilemix/mcu/ffmpeg"
	"tilemix/mcu/gateway"
	"tilemix/mcu/gateway/address"
	"tilemix/mcu/gateway/via"
	"tilemix/mcu/overlay"
	"tilemix/mcu/policy"
	"tilemix/mcu/record"
	"tilemix/mcu/room"
	"tilemix/mcu/rules"
	"tilemix/mcu/views"
	"tilemix/signaling/access"
	"tilemix/signaling/access/ban"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/invite"
	"tilemix/signaling/access/pin"
	"tilemix/signaling/attachment"
	"tilemix/signaling/blueprint"
	"tilemix/signaling/feed"
)

// refusal is an error with the HTTP status that it has.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

var (
	errBodyType     = &refusal{http.StatusUnsupportedMediaType, "content type must be " + typeSDP}
	errPatchType    = &refusal{http.StatusUnsupportedMediaType, "content type must be " + typeFrag}
	errJSONType     = &refusal{http.StatusUnsupportedMediaType, "content type must be " + typeJSON}
	errBody         = &refusal{http.StatusBadRequest, "body ended before it was complete"}
	errEmpty        = &refusal{http.StatusBadRequest, "body is empty"}
	errNoChange     = &refusal{http.StatusBadRequest, `fields "paused" and "view" are missing in the body: send one of them`}
	errNoView       = &refusal{http.StatusBadRequest, `field "view" is missing in the body`}
	errViewerSends  = &refusal{http.StatusBadRequest, "viewers send no media: the offer must be recvonly"}
	errAs           = &refusal{http.StatusBadRequest, "parameter as is neither camera nor screen"}
	errBeside       = &refusal{http.StatusBadRequest, "parameter participant needs as=screen: a participant's camera comes by its own connection"}
	errNotYours     = &refusal{http.StatusForbidden, "the screen of this participant: send its resume token, a token of the same identity, or a host's as Authorization: Bearer"}
	errNoMatch      = &refusal{http.StatusPreconditionFailed, "If-Match names another ICE session: send the newest ETag, or * to restart ICE"}
	errNeedMatch    = &refusal{http.StatusPreconditionRequired, "If-Match is missing: send the newest ETag, or * to restart ICE"}
	errOrigin       = &refusal{http.StatusForbidden, "origin is not this host: only pages of this server may send this request; a reverse proxy must pass on Host, or the server must know the page's name by --host"}
	errHost         = &refusal{http.StatusMisdirectedRequest, "this server does not go by that name"}
	errNotWebSocket = &refusal{http.StatusUpgradeRequired, "this address takes WebSocket upgrades only, version 13"}
	errNoOffer      = &refusal{http.StatusBadRequest, "the server sent no offer that this could answer"}
	errSocketKey    = &refusal{http.StatusBadRequest, "Sec-WebSocket-Key must be 16 bytes in base64"}
)

// statuses is the HTTP status of each error below signaling that a client can cause.
var statuses = []struct {
	err    error
	status int
}{
	{mcu.ErrBadName, http.StatusBadRequest},
	{mcu.ErrBadSDP, http.StatusBadRequest},
	{errFrag, http.StatusBadRequest},
	{control.ErrInvalid, http.StatusBadRequest},
	{views.ErrInvalid, http.StatusBadRequest},
	{views.ErrLimit, http.StatusTooManyRequests},
	{mcu.ErrNoCodec, http.StatusNotAcceptable},
	{mcu.ErrNotFound, http.StatusNotFound},
	{access.ErrMissing, http.StatusUnauthorized},
	{rules.ErrBad, http.StatusBadRequest},
	{rules.ErrEarly, http.StatusForbidden},
	{rules.ErrOver, http.StatusGone},
	{book.ErrChanged, http.StatusPreconditionFailed},
	{overlay.ErrBad, http.StatusBadRequest},
	{blueprint.ErrNone, http.StatusNotFound},
	{blueprint.ErrTaken, http.StatusConflict},
	{blueprint.ErrFull, http.StatusServiceUnavailable},
	{pin.ErrBad, http.StatusBadRequest},
	{pin.ErrSame, http.StatusBadRequest},
	{invite.ErrBad, http.StatusBadRequest},
	{invite.ErrTooMany, http.StatusServiceUnavailable},
	{invite.ErrNone, http.StatusNotFound},
	{ban.ErrNone, http.StatusNotFound},
	{access.ErrInvalid, http.StatusUnauthorized},
	{policy.ErrForbidden, http.StatusForbidden},
	{attachment.ErrTooLarge, http.StatusRequestEntityTooLarge},
	{attachment.ErrFull, http.StatusInsufficientStorage},
	{attachment.ErrNone, http.StatusNotFound},
	{attachment.ErrOff, http.StatusNotImplemented},
	{record.ErrStorage, http.StatusInsufficientStorage},
	{record.ErrEnded, http.StatusConflict},
	{record.ErrRunning, http.StatusConflict},
	{record.ErrNoEncoder, http.StatusNotImplemented},
	{broadcast.ErrBadRequest, http.StatusBadRequest},
	{broadcast.ErrTooMany, http.StatusServiceUnavailable},
	{broadcast.ErrRendition, http.StatusBadRequest},
	{broadcast.ErrOther, http.StatusConflict},
	{control.ErrScreen, http.StatusConflict},
	{record.ErrTooMany, http.StatusServiceUnavailable},
	{address.ErrRefused, http.StatusBadRequest},
	{via.ErrHeader, http.StatusBadRequest},
	{via.ErrLoop, http.StatusLoopDetected},
	{ffmpeg.ErrMissing, http.StatusNotImplemented},
	{feed.ErrTooMany, http.StatusServiceUnavailable},
	{gateway.ErrTooMany, http.StatusServiceUnavailable},
	{room.ErrTooOften, http.StatusTooManyRequests},
	{mcu.ErrRoomFull, http.StatusServiceUnavailable},
	{admission.ErrBusy, http.StatusTooManyRequests},
	{mcu.ErrServerFull, http.StatusServiceUnavailable},
	{room.ErrLocked, http.StatusForbidden},
	{mcu.ErrClosed, http.StatusServiceUnavailable},
	{admission.ErrDraining, http.StatusServiceUnavailable},
}

// explain returns the status of an error and its text for the client. An error that the
// table does not have is 500; its text goes to the log only.
func explain(err error) (status int, text string) {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.status, r.text
	}
	if r, ok := errors.AsType[*credential.Refusal](err); ok {
		return r.Status(), r.Text
	}
	if h, ok := errors.AsType[*echo.HTTPError](err); ok {
		return h.Code, strings.ToLower(http.StatusText(h.Code))
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status, err.Error()
		}
	}
	if full(err) {
		return http.StatusInsufficientStorage, "the server's disk is full: its operator has to make space"
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return http.StatusServiceUnavailable, "the server did not finish this request in time"
	}
	return http.StatusInternalServerError, "internal error"
}

// full tells whether the disk took no more.
func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// codes are the codes of answers that refuse, by status: a program decides by them. Those of
// codesOf come first.
var codes = map[int]string{
	http.StatusBadRequest:            "bad_request",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "not_found",
	http.StatusMethodNotAllowed:      "method_not_allowed",
	http.StatusNotAcceptable:         "no_codec",
	http.StatusRequestTimeout:        "timeout",
	http.StatusConflict:              "conflict",
	http.StatusPreconditionFailed:    "precondition_failed",
	http.StatusRequestEntityTooLarge: "too_large",
	http.StatusUnsupportedMediaType:  "unsupported_type",
	http.StatusMisdirectedRequest:    "unknown_host",
	http.StatusUnprocessableEntity:   "idempotency_mismatch",
	http.StatusUpgradeRequired:       "upgrade_required",
	http.StatusPreconditionRequired:  "precondition_required",
	http.StatusTooManyRequests:       "too_many_requests",
	http.StatusInternalServerError:   "internal",
	http.StatusNotImplemented:        "not_implemented",
	http.StatusServiceUnavailable:    "unavailable",
	http.StatusInsufficientStorage:   "no_storage",
	http.StatusLoopDetected:          "loop",
}

// codesOf are the codes that say more than a status.
var codesOf = []struct {
	err  error
	code string
}{
	{access.ErrMissing, "missing_credential"},
	{access.ErrInvalid, "invalid_credential"},
	{errOrigin, "foreign_origin"},
	{mcu.ErrRoomFull, "room_full"},
	{mcu.ErrServerFull, "server_full"},
	{admission.ErrDraining, "draining"},
	{room.ErrLocked, "room_locked"},
	{mcu.ErrBadName, "bad_name"},
	{rules.ErrEarly, "room_early"},
	{rules.ErrOver, "room_over"},
	{mcu.ErrBadSDP, "bad_sdp"},
	{overlay.ErrBad, "bad_overlays"},
	{attachment.ErrFull, "files_full"},
	{views.ErrLimit, "view_limit"},
}

// code returns the code of an error with a status.
func code(err error, status int) string { return cmp.Or(Config{}.Code(err), codes[status]) }

// Retry-After, in seconds.
const (
	retryFull  = "5" // the server or the room is full
	retryOften = "1" // the client comes back too often, or the server stops
)

// refuse answers a request with its error.
func (m middleware) refuse(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status, text := explain(err)
	if err != errOrigin { //nolint:errorlint // the guard has taken note of it, with its advice
		m.refusals.note(err, whence(c.Request()), "")
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	switch status {
	case http.StatusServiceUnavailable:
		retry := retryFull
		if errors.Is(err, mcu.ErrClosed) {
			retry = retryOften // it stops, and mostly another begins at once
		}
		h.Set("Retry-After", retry)
	case http.StatusTooManyRequests:
		h.Set("Retry-After", retryOften)
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", challenge(err))
	case http.StatusUpgradeRequired:
		h.Set("Connection", "Upgrade")
		h.Set("Upgrade", "websocket")
		h.Set("Sec-WebSocket-Version", "13")
	}
	if status == http.StatusInternalServerError || full(err) {
		m.log.Error("request failed", "method", c.Request().Method, "route", c.Path(), "err", err)
	}
	if lost(c, status) {
		return
	}
	answer := struct {
		Error string `json:"error"`
		Code  string `json:"code"`
	}{text, code(err, status)}
	if r, ok := errors.AsType[*credential.Refusal](err); ok && r.After > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(r.After.Seconds()))))
	}
	if err := c.JSON(status, answer); err != nil {
		m.log.Debug("answer not written", "err", err)
	}
}

// challenge returns how a client is to authenticate itself (RFC 6750 §3).
func challenge(err error) string {
	if errors.Is(err, access.ErrMissing) {
		return `Bearer realm="tilemix"`
	}
	return `Bearer realm="tilemix", error="invalid_token"`
}
