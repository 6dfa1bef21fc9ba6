package signaling

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// middleware wraps all requests. It is safe for concurrent use.
type middleware struct {
	log      *slog.Logger
	refusals *refusals
}

// around returns a router within middlewares, the outermost first.
func (m middleware) around(use ...echo.MiddlewareFunc) *echo.Echo {
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.HTTPErrorHandler = m.refuse
	e.Use(use...)
	return e
}

// logged logs every request at level debug, with its route instead of its address, because
// session IDs and query strings are secret.
func (m middleware) logged(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		r := c.Request()
		m.log.LogAttrs(r.Context(), slog.LevelDebug, "request",
			slog.String("method", r.Method),
			slog.String("route", c.Path()),
			slog.String("room", c.Param("room")),
			slog.Int("status", c.Response().Status),
			slog.Duration("took", time.Since(start)),
			slog.String("from", whence(r)))
		return nil
	}
}

// recovered turns a panic into an error, so that one request never ends the server.
func (m middleware) recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler:
				panic(v)
			default:
				m.log.Error("panic", "route", c.Path(), "value", fmt.Sprint(v), "stack", string(debug.Stack()))
				err = fmt.Errorf("panic: %v", v)
			}
		}()
		return next(c)
	}
}

// secured sets the headers that restrict what pages may load and who may embed them.
func secured(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", contentPolicy(c.Request().Host))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), geolocation=()")
		return next(c)
	}
}

// contentPolicy lets pages load from this host only. It names the WebSocket, because 'self' does
// not cover ws: in every browser.
func contentPolicy(host string) string {
	connect := "'self'"
	if strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") == "" {
		connect += " ws://" + host + " wss://" + host
	}
	return "default-src 'self'; connect-src " + connect +
		"; img-src 'self' data: blob:; media-src 'self' blob: mediastream:" +
		"; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
}
