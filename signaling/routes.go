package signaling

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"tilemix/mcu"
)

// route is one row of the route table.
type route struct {
	methods string // separated by spaces
	path    string
	serve   echo.HandlerFunc
}

// site holds what serves each resource. Recordings, outputs, inputs and broadcasts are
// nil on a server without them.
type site struct {
	guard           *guard
	whip, whep      *whip
	sockets         *sockets
	pages           *pages
	recordings      *recordings
	outputs, inputs *gatewayLinks
	broadcasts      *broadcasts
	status          *status
	metrics         echo.HandlerFunc
}

// routes is the route table: every address of the server.
func (s *site) routes() []route {
	rated := s.guard.rated
	table := []route{
		{"POST", "/whip/:room", rated(s.whip.create)},
		{"OPTIONS", "/whip/:room", options("POST", acceptPost)},
		{"PATCH", "/whip/:room/:id", rated(s.whip.patch)},
		{"DELETE", "/whip/:room/:id", s.whip.remove},
		{"OPTIONS", "/whip/:room/:id", options("PATCH, DELETE", acceptPatch)},
		{"POST", "/whep/:room", rated(s.whep.create)},
		{"OPTIONS", "/whep/:room", options("POST", acceptPost)},
		{"PATCH", "/whep/:room/:id", rated(s.whep.patch)},
		{"DELETE", "/whep/:room/:id", s.whep.remove},
		{"OPTIONS", "/whep/:room/:id", options("PATCH, DELETE", acceptPatch)},
		{"GET", "/ws/:room", rated(s.sockets.accept)},

		{"GET HEAD", "/", s.pages.join.serve},
		{"GET HEAD", "/r/:room", s.pages.call.serve},
		{"GET HEAD", "/watch/:room", s.pages.watch.serve},
		{"GET HEAD", "/static/*", s.pages.static.serveRest},
		{"GET HEAD", "/docs", moved("/docs/")},
		{"GET HEAD", "/docs/", s.pages.guides["index"].serve},
		{"GET HEAD", "/docs/:guide", s.pages.guides.serveGuide},

		{"GET HEAD", "/healthz", s.status.health},
		{"GET HEAD", "/metrics", s.metrics},
		{"GET HEAD", "/api/v1/rooms", s.status.rooms},
		{"GET HEAD", "/api/v1/ice-servers", s.status.iceServers},
	}
	return slices.Concat(table, s.recordingRoutes(), s.linkRoutes(), s.broadcastRoutes())
}

// recordingRoutes lists the recordings of a room and those of all rooms. The addresses of
// the latter stay when the room has ended.
func (s *site) recordingRoutes() []route {
	r, same := s.recordings, s.guard.sameOrigin
	if r == nil {
		return nil
	}
	return []route{
		{"GET HEAD", "/api/v1/recordings", r.list},
		{"GET HEAD", "/api/v1/recordings/:id", r.get},
		{"GET HEAD", "/api/v1/recordings/:id/file", r.file},
		{"GET HEAD", "/api/v1/recordings/:id/files/:name", r.file},
		{"PATCH", "/api/v1/recordings/:id", same(r.pause)},
		{"DELETE", "/api/v1/recordings/:id", same(r.stop)},
		{"POST", "/api/v1/rooms/:room/recordings", same(r.start)},
		{"GET HEAD", "/api/v1/rooms/:room/recordings", wellNamed(r.list)},
		{"GET HEAD", "/api/v1/rooms/:room/recordings/:id", r.get},
		{"GET HEAD", "/api/v1/rooms/:room/recordings/:id/file", r.file},
		{"GET HEAD", "/api/v1/rooms/:room/recordings/:id/files/:name", r.file},
		{"PATCH", "/api/v1/rooms/:room/recordings/:id", same(r.pause)},
		{"DELETE", "/api/v1/rooms/:room/recordings/:id", same(r.stop)},
	}
}

// linkRoutes lists the outputs and inputs of rooms.
func (s *site) linkRoutes() []route {
	out, in, same := s.outputs, s.inputs, s.guard.sameOrigin
	if out == nil || in == nil {
		return nil
	}
	return []route{
		{"POST", "/api/v1/rooms/:room/outputs", same(out.add)},
		{"GET HEAD", "/api/v1/rooms/:room/outputs", wellNamed(out.list)},
		{"GET HEAD", "/api/v1/rooms/:room/outputs/:id", out.get},
		{"DELETE", "/api/v1/rooms/:room/outputs/:id", same(out.remove)},
		{"POST", "/api/v1/rooms/:room/inputs", same(in.add)},
		{"GET HEAD", "/api/v1/rooms/:room/inputs", wellNamed(in.list)},
		{"GET HEAD", "/api/v1/rooms/:room/inputs/:id", in.get},
		{"DELETE", "/api/v1/rooms/:room/inputs/:id", same(in.remove)},
	}
}

// broadcastRoutes lists the broadcasts of rooms and their HLS.
func (s *site) broadcastRoutes() []route {
	b, same := s.broadcasts, s.guard.sameOrigin
	if b == nil {
		return nil
	}
	return []route{
		{"GET HEAD", "/api/v1/rooms/:room/broadcast", b.get},
		{"PUT POST", "/api/v1/rooms/:room/broadcast", same(b.start)},
		{"DELETE", "/api/v1/rooms/:room/broadcast", same(b.stop)},
		{"GET HEAD", "/hls/:room/*", b.hls},
		{"OPTIONS", "/hls/:room/*", options("GET, HEAD", [2]string{"Accept-Ranges", "none"})},
	}
}

// options answers a preflight, and clients that ask what a resource accepts.
func options(methods string, accepts [2]string) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Allow", "OPTIONS, "+methods)
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", "Content-Type, If-Match, ETag, Link, Authorization")
		h.Set("Access-Control-Max-Age", "86400")
		h.Set(accepts[0], accepts[1])
		return c.NoContent(http.StatusNoContent)
	}
}

// moved redirects for good.
func moved(to string) echo.HandlerFunc {
	return func(c echo.Context) error {
		return c.Redirect(http.StatusMovedPermanently, outside(c.Request(), to))
	}
}

// wellNamed refuses names that no room can have. A room that does not exist now may have
// existed.
func wellNamed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := mcu.CheckRoomName(c.Param("room")); err != nil {
			return err
		}
		return next(c)
	}
}
