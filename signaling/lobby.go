package signaling

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tilemix/mcu/control"
)

// lobbies serves those who wait to be let into rooms. It is safe for concurrent use.
type lobbies struct {
	srv    Server
	people *people // carry commands out
}

func (l *lobbies) list(c echo.Context) error {
	all := []control.Waiter{}
	for _, w := range l.srv.Waiting(c.Param("room")) {
		all = append(all, control.Waiter{ID: w.ID, Name: w.Name, Since: w.Since.UTC()})
	}
	return paged(c, "waiting", all, func(w control.Waiter) string { return byTime(w.Since, w.ID) })
}

// add sends a participant of the room back to the lobby.
func (l *lobbies) add(c echo.Context) error {
	var m control.Back
	return l.people.act(c, &m, func() control.Message { return m })
}

// admit lets one in by its address, or those that the body names.
func (l *lobbies) admit(c echo.Context) error {
	var m control.Admit
	return l.people.act(c, &m, func() control.Message {
		if id := c.Param("id"); id != "" {
			m.IDs, m.All = []string{id}, false
		}
		return m
	})
}

// reject refuses one by its address, or those that the body names.
func (l *lobbies) reject(c echo.Context) error {
	var m control.Reject
	return l.people.act(c, &m, func() control.Message {
		if id := c.Param("id"); id != "" {
			m.IDs, m.All = []string{id}, false
		}
		return m
	})
}

// done answers a request that has nothing to say if err is nil.
func done(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
