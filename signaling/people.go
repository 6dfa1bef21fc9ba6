package signaling

import (
	"fmt"

	"github.com/labstack/echo/v4"

	"tilemix/mcu/control"
	"tilemix/mcu/room"
)

// people serves the participants of a room to hosts and programs. What changes something is a
// control message, so that it has the same effect by whatever way it comes. It is safe for
// concurrent use.
type people struct {
	srv    Server
	bodies bodies
}

func (p *people) list(c echo.Context) error {
	all, err := p.srv.Attendees(c.Param("room"), c.QueryParam("select"))
	if err != nil {
		return err
	}
	return paged(c, "participants", all, func(a room.Attendee) string {
		if c.QueryParam("select") == "hand" {
			return fmt.Sprintf("%09d", a.Hand)
		}
		return byTime(a.Joined, a.ID)
	})
}

// set changes one participant, or all that the query selects.
func (p *people) set(c echo.Context) error {
	var m control.Set
	return p.act(c, &m, func() control.Message {
		m.ID, m.Select = c.Param("id"), c.QueryParam("select")
		return m
	})
}

func (p *people) kick(c echo.Context) error {
	var m control.Kick
	return p.act(c, &m, func() control.Message { m.ID = c.Param("id"); return m })
}

func (p *people) ask(c echo.Context) error {
	var m control.Ask
	return p.act(c, &m, func() control.Message { m.ID = c.Param("id"); return m })
}

func (p *people) move(c echo.Context) error {
	var m control.Move
	return p.act(c, &m, func() control.Message { m.ID = c.Param("id"); return m })
}

func (p *people) lock(c echo.Context) error {
	var m control.Lock
	return p.act(c, &m, func() control.Message { return m })
}

// keepChat says whether those who come later get the chat of before.
func (p *people) keepChat(c echo.Context) error {
	var m control.KeepChat
	return p.act(c, &m, func() control.Message { return m })
}

func (p *people) end(c echo.Context) error {
	var m control.End
	return p.act(c, &m, func() control.Message { return m })
}

func (p *people) say(c echo.Context) error {
	var m control.Announce
	return p.act(c, &m, func() control.Message { return m })
}

// act reads a body into a command, and does what the command then says.
func (p *people) act(c echo.Context, body any, command func() control.Message) error {
	if err := p.bodies.json(c, body); err != nil {
		return err
	}
	m := command()
	if err := control.Check(m); err != nil {
		return err
	}
	return done(c, p.srv.Act(c.Param("room"), grantOf(c), m))
}
