package signaling

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// lobbies serves those who wait to be let into rooms. It is safe for concurrent use.
type lobbies struct {
	srv    Server
	bodies bodies
}

// waiter is one of them, in JSON.
type waiter struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"`
	Since time.Time `json:"since"`
}

func (l *lobbies) list(c echo.Context) error {
	all := []waiter{}
	for _, w := range l.srv.Waiting(c.Param("room")) {
		all = append(all, waiter{w.ID, w.Name, w.Since.UTC()})
	}
	return paged(c, "waiting", all, func(w waiter) string { return byTime(w.Since, w.ID) })
}

// add sends a participant of the room back to the lobby.
func (l *lobbies) add(c echo.Context) error {
	var m struct {
		ID string `json:"id"`
	}
	if err := l.bodies.json(c, &m); err != nil {
		return err
	}
	return done(c, l.srv.SendToLobby(c.Param("room"), m.ID))
}

func (l *lobbies) admit(c echo.Context) error {
	return done(c, l.srv.Admit(c.Param("room"), c.Param("id")))
}

func (l *lobbies) reject(c echo.Context) error {
	var m struct {
		Reason string `json:"reason"`
	}
	if err := l.bodies.json(c, &m); err != nil {
		return err
	}
	return done(c, l.srv.Reject(c.Param("room"), c.Param("id"), m.Reason))
}

// done answers a request that has nothing to say if err is nil.
func done(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
