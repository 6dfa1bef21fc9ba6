package signaling

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"tilemix/mcu/presence"
)

// middleware wraps all requests. It is safe for concurrent use.
type middleware struct {
	log      *slog.Logger
	refusals *refusals
	few      *rate.Limiter // of lines about requests at level info
	trace    func(method, route string) (id string, end func([]slog.Attr))
}

// around returns a router within middlewares, the outermost first.
func (m middleware) around(use ...echo.MiddlewareFunc) *echo.Echo {
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.HTTPErrorHandler = m.refuse
	e.Use(use...)
	return e
}

// requestKey is where a request has its ID.
const requestKey = "request"

// logged gives every request an ID, which the answer has as X-Request-Id, and logs it with its route
// instead of its address, because session IDs and query strings are secret.
func (m middleware) logged(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start, id, end := time.Now(), "", func([]slog.Attr) {}
		if m.trace != nil {
			id, end = m.trace(c.Request().Method, c.Path())
		}
		if id == "" {
			id = rand.Text()[:8]
		}
		c.Set(requestKey, id)
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		r, status := c.Request(), c.Response().Status
		attrs := []slog.Attr{
			slog.String("request", id),
			slog.String("method", r.Method),
			slog.String("route", c.Path()),
			slog.String("room", c.Param("room")),
			slog.Int("status", status),
			slog.Duration("took", time.Since(start)),
			slog.String("from", whence(r)),
		}
		if err != nil {
			attrs = append(attrs, slog.String("reason", err.Error()))
		}
		end(attrs)
		level := slog.LevelDebug
		if noteworthy(r.Method, c.Path(), status) && m.few.Allow() {
			level = slog.LevelInfo
		}
		m.log.LogAttrs(r.Context(), level, "request", attrs...)
		return nil
	}
}

const (
	// Lines about requests are at level info up to fewRate (5) a second and fewBurst (50) at once.
	// Further ones are at level debug, because clients could fill the disk.
	fewRate, fewBurst = 5, 50
)

// noteworthy tells whether an operator is to read of a request: it was refused where a client wanted
// to enter a room or to change something, or it began or ended a recording, output, input or broadcast.
func noteworthy(method, route string, status int) bool {
	reads := method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
	switch {
	case route == "":
		return false
	case status == http.StatusUpgradeRequired: // our page looks for the reason of a refusal
		return false
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status >= http.StatusInternalServerError:
		return true
	case status >= http.StatusBadRequest:
		return !reads || strings.HasPrefix(route, "/ws/")
	}
	return !reads && slices.ContainsFunc([]string{"/recordings", "/outputs", "/inputs", "/broadcast"}, func(what string) bool {
		return strings.Contains(route, what)
	})
}

// requestOf returns the ID of a request.
func requestOf(c echo.Context) string {
	id, _ := c.Get(requestKey).(string)
	return id
}

// cameBy is what the log says of the client of a request.
func cameBy(c echo.Context) presence.Origin {
	r := c.Request()
	agent := r.UserAgent()
	return presence.Origin{Address: originOf(r).client, Way: protocol(c.Path()), Agent: agent[:min(len(agent), maxAgent)], Request: requestOf(c)}
}

// maxAgent bounds what the log says of a client's program, in bytes.
const maxAgent = 160

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
func (g *guard) secured(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", contentPolicy(c.Request().Host, g.peers())+"; frame-ancestors "+g.welcome.Load().ancestors)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), geolocation=()")
		return next(c)
	}
}

// contentPolicy lets pages load from this host only. It names the WebSocket, because 'self' does
// not cover ws: in every browser.
func contentPolicy(host string, peers []string) string {
	connect := []string{"'self'"}
	if strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") == "" {
		connect = append(connect, "ws://"+host, "wss://"+host)
	}
	for _, peer := range peers { // to which a call may move
		connect = append(connect, peer, "ws"+strings.TrimPrefix(peer, "http"))
	}
	return "default-src 'self'; connect-src " + strings.Join(connect, " ") +
		"; img-src 'self' data: blob:; media-src 'self' blob: mediastream:" +
		"; object-src 'none'; base-uri 'none'; form-action 'self'"
}
