package signaling

import (
	"cmp"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/ban"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/invite"
)

// invites serves the invites of rooms. It is safe for concurrent use.
type invites struct {
	invites *invite.Invites
	bodies  bodies
}

// wished is an invite as a host asks for it.
type wished struct {
	Role    policy.Role `json:"role"`
	Name    string      `json:"name"`
	View    string      `json:"view"`
	Uses    int         `json:"uses"`
	Expires time.Time   `json:"expires"`
}

// create answers with the invite's secret and its link, once.
func (i *invites) create(c echo.Context) error {
	var w wished
	if err := i.bodies.json(c, &w); err != nil {
		return err
	}
	r, room, by := c.Request(), c.Param("room"), grantOf(c)
	made, secret, err := i.invites.Create(room, invite.Wish{
		Role: w.Role, Name: w.Name, View: w.View, Uses: w.Uses, Expires: w.Expires, By: cmp.Or(by.Name, by.Identity, by.By),
	}, time.Now())
	if err != nil {
		return err
	}
	made.Hash = ""
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Location", outside(r, r.URL.Path)+"/"+made.ID)
	page := "/r/"
	if made.Role.Receives() {
		page = "/watch/"
	}
	return c.JSON(http.StatusCreated, map[string]any{
		"invite": made, "secret": secret, "link": outside(r, page+room) + "#i=" + secret,
	})
}

func (i *invites) list(c echo.Context) error {
	all, err := i.invites.List(c.Param("room"))
	if err != nil {
		return err
	}
	return paged(c, "invites", all, func(i book.Invite) string { return byTime(i.Created, i.ID) })
}

func (i *invites) revoke(c echo.Context) error {
	if err := i.invites.Revoke(c.Param("room"), c.Param("id"), time.Now()); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// bans serves the bans of rooms. It is safe for concurrent use.
type bans struct{ bans *ban.Bans }

func (b *bans) list(c echo.Context) error {
	all, err := b.bans.List(c.Param("room"), time.Now())
	if err != nil {
		return err
	}
	return paged(c, "bans", all, func(b book.Ban) string { return byTime(b.Created, b.ID) })
}

func (b *bans) lift(c echo.Context) error {
	if err := b.bans.Lift(c.Param("room"), c.Param("id"), time.Now()); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
