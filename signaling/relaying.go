package signaling

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tilemix/mcu/policy"
	"tilemix/signaling/cluster/detour"
)

// passage sends viewers of rooms with many to other nodes of a cluster. It is safe for concurrent use.
type passage struct{ *whip }

// pass has another node serve a viewer of a room that many watch here, if there is such a node.
func (w passage) pass(c echo.Context) (passed bool, err error) {
	g := grantOf(c)
	if w.relay == nil || !detour.Of(c.Request().Context()).Able || g.Role == policy.Recorder || g.View != "" || c.QueryParam("view") != "" {
		return false, nil
	}
	node := w.relay(c.Param("room"))
	if node == "" {
		return false, nil
	}
	if err := detour.Name(c.Response().Header(), node, g); err != nil {
		return false, err
	}
	return true, c.NoContent(http.StatusMisdirectedRequest)
}

// admits tells why a client cannot come now, if so. The home of a room has admitted those whom its relays take.
// Relays come for them.
func (w passage) admits(c echo.Context, room, name string) error {
	if detour.Of(c.Request().Context()).Relayed() {
		return nil
	}
	return w.srv.Admits(room, name, grantOf(c))
}
