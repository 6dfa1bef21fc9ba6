package signaling

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tilemix/mcu/control"
	"tilemix/web"
)

// routes lists every address of the server.
func (s *site) routes(e *echo.Echo) {
	e.POST("/whip/:room", s.publish)
	e.OPTIONS("/whip/:room", options("POST", acceptPost))
	e.PATCH("/whip/:room/:id", s.patch)
	e.DELETE("/whip/:room/:id", s.leave)
	e.OPTIONS("/whip/:room/:id", options("PATCH, DELETE", acceptPatch))

	e.POST("/whep/:room", s.watch)
	e.OPTIONS("/whep/:room", options("POST", acceptPost))
	e.PATCH("/whep/:room/:id", s.patch)
	e.DELETE("/whep/:room/:id", s.leave)
	e.OPTIONS("/whep/:room/:id", options("PATCH, DELETE", acceptPatch))

	e.GET("/ws/:room", s.socket)

	get(e, "/", page("index.html"))
	get(e, "/r/:room", page("call.html"))
	get(e, "/watch/:room", page("watch.html"))
	get(e, "/static/*", static(web.Static()))
	s.guideRoutes(e)

	s.recordingRoutes(e)
	s.linkRoutes(e)
	s.broadcastRoutes(e)

	get(e, "/healthz", s.health)
	get(e, "/metrics", s.metrics())
	get(e, "/api/v1/rooms", s.rooms)
	get(e, "/api/v1/ice-servers", s.iceServers)
}

// get adds a route that answers HEAD as it answers GET.
func get(e *echo.Echo, path string, h echo.HandlerFunc) {
	e.Match([]string{http.MethodGet, http.MethodHead}, path, h)
}

func (s *site) health(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{"status": "ok", "rooms": len(s.srv.Rooms())})
}

// iceServers tells what to make a connection with, before there is one. What the
// credentials are good for ends with their time.
func (s *site) iceServers(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	servers := s.srv.ICEServers()
	if servers == nil {
		servers = []control.ICEServer{}
	}
	return c.JSON(http.StatusOK, map[string]any{"iceServers": servers})
}

func (s *site) rooms(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{"rooms": s.srv.Rooms()})
}
