package signaling

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tilemix/mcu"
	"tilemix/mcu/control"
)

// status serves what the server says of itself. It is safe for concurrent use.
type status struct{ srv Server }

func (s *status) health(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{"status": "ok", "rooms": len(s.srv.Rooms())})
}

func (s *status) rooms(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{"rooms": s.srv.Rooms()})
}

// room serves what everybody in a room may know of it.
func (s *status) room(c echo.Context) error {
	for _, r := range s.srv.Rooms() {
		if r.Name == c.Param("room") {
			return fresh(c, r)
		}
	}
	return mcu.ErrNotFound
}

// iceServers serves what a client needs before it makes a connection. Credentials
// expire, so no cache keeps them.
func (s *status) iceServers(c echo.Context) error {
	servers := s.srv.ICEServers()
	if servers == nil {
		servers = []control.ICEServer{}
	}
	return fresh(c, map[string]any{"iceServers": servers})
}

// fresh answers with what is true only now.
func fresh(c echo.Context, body any) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusOK, body)
}
