package signaling

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/overlay"
	"tilemix/mcu/policy"
	"tilemix/signaling/access/book"
)

// maxOverlays is the longest body with overlays, in bytes: two pictures in base64.
const maxOverlays = 6 << 20

// overlays serves what rooms' pictures show besides tiles. It is safe for concurrent use.
type overlays struct {
	srv    Server
	shelf  *book.Shelf // nil: nothing outlives a call
	bodies bodies
}

// current returns what a room shows now, or is to show.
func (o *overlays) current(room string) (all overlay.Sets, err error) {
	if err := mcu.CheckRoomName(room); err != nil {
		return all, err
	}
	if h, err := o.srv.Room(room); err == nil {
		if all = h.Overlays(); len(all.All()) > 0 {
			return all, nil
		}
	}
	if o.shelf == nil {
		return all, nil
	}
	b, err := o.shelf.View(room)
	if err != nil {
		return all, err
	}
	return b.Pictures()
}

// get answers with the room's own overlays, or with those of a name.
func (o *overlays) get(c echo.Context) error {
	all, err := o.current(c.Param("room"))
	if err != nil {
		return err
	}
	name := c.QueryParam("name")
	set := all.Of(name)
	if set == nil && name != "" {
		return &refusal{http.StatusNotFound, "the room has no overlays of that name"}
	}
	if set == nil {
		set = overlay.None()
	}
	return fresh(c, set.Overlays)
}

// put replaces what a room shows, or what views show that choose the name in the body: at once, and for later calls if somebody vouches for the client.
func (o *overlays) put(c echo.Context) error {
	room := c.Param("room")
	before, err := o.current(room)
	if err != nil {
		return err
	}
	var wanted control.Overlays
	if err := o.bodies.json(c, &wanted); err != nil {
		return err
	}
	set, err := overlay.Compile(wanted, before.Pictures())
	if err != nil {
		return err
	}
	if _, err := before.With(set); err != nil {
		return err
	}
	kept, err := o.keep(room, grantOf(c), set)
	if err != nil {
		return err
	}
	h, err := o.srv.Room(room)
	if err == nil {
		err = h.SetOverlays(grantOf(c), set)
	}
	if err != nil && !kept {
		return err
	}
	return fresh(c, set.Overlays)
}

// keep writes a room's overlays to disk. Anybody is the host of some room of an open server, so
// those are kept only that a token, a key, an invite or the machine's operator stands for.
func (o *overlays) keep(room string, by policy.Grant, set *overlay.Set) (kept bool, err error) {
	if o.shelf == nil || by.By == "" && by.Rights != policy.All() {
		return false, nil
	}
	data, err := json.Marshal(set.Whole())
	if err != nil {
		return false, fmt.Errorf("overlays: %w", err)
	}
	_, err = o.shelf.Update(room, "", func(b *book.Book) error {
		if set.Overlays == (control.Overlays{Name: set.Name}) {
			data = nil
		}
		b.SetPictures(set.Name, data)
		return nil
	})
	return err == nil, err
}

// introduce shows the lower third of a participant.
func (o *overlays) introduce(c echo.Context) error {
	var m control.LowerThird
	if err := o.bodies.json(c, &m); err != nil {
		return err
	}
	if err := control.Check(m); err != nil {
		return err
	}
	if err := o.srv.Act(c.Param("room"), grantOf(c), m); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
