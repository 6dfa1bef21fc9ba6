package signaling

import (
	"bytes"
	"net/http"

	"github.com/labstack/echo/v4"

	"tilemix/mcu/still"
	"tilemix/mcu/views"
)

// pictures serves single pictures of rooms. It is safe for concurrent use.
type pictures struct{ stills *still.Taker }

// get answers with the picture of a room in the view of the query, which is up to a second old.
func (p *pictures) get(c echo.Context) error {
	w, err := views.Parse(c.QueryParam("view"))
	if err != nil {
		return err
	}
	if !w.IsZero() {
		if err := grantOf(c).May("view"); err != nil {
			return err
		}
	}
	picture, err := p.stills.Take(c.Request().Context(), c.Param("room"), w)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "private, max-age=1")
	http.ServeContent(c.Response(), c.Request(), "picture.jpg", picture.Taken, bytes.NewReader(picture.JPEG))
	return nil
}
