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
	action  string // what the client has to be allowed, see package policy; anybody, or secret
	serve   echo.HandlerFunc
}

// site holds what serves each resource. Recordings, outputs, inputs, broadcasts and attachments are
// nil on a server without them.
type site struct {
	guard           *guard
	permit          permit
	whip, whep      *whip
	sockets         *sockets
	streams         *eventStreams
	pages           *pages
	recordings      *recordings
	outputs, inputs *gatewayLinks
	broadcasts      *broadcasts
	pictures        *pictures
	people          *people
	stats           *statistics
	lobbies         *lobbies
	rooms           *rooms
	overlays        *overlays
	invites         *invites
	keys            *keys
	bans            *bans
	events          *events
	status          *status
	nodes           *nodes
	layouts         *layouts
	attachments     *attachments
	metrics         echo.HandlerFunc
}

// routes is the route table: every address of the server but that of the metrics.
func (s *site) routes() []route {
	rated := s.guard.rated
	table := []route{
		{"POST", "/whip/:room", "publish", rated(s.whip.create)},
		{"OPTIONS", "/whip/:room", anybody, options("POST", acceptPost)},
		{"PATCH", "/whip/:room/:id", secret, rated(s.whip.patch)},
		{"DELETE", "/whip/:room/:id", secret, s.whip.remove},
		{"OPTIONS", "/whip/:room/:id", anybody, options("PATCH, DELETE", acceptPatch)},
		{"POST", "/whep/:room", "watch", rated(s.whep.create)},
		{"OPTIONS", "/whep/:room", anybody, options("POST", acceptPost)},
		{"PATCH", "/whep/:room/:id", secret, rated(s.whep.patch)},
		{"DELETE", "/whep/:room/:id", secret, s.whep.remove},
		{"OPTIONS", "/whep/:room/:id", anybody, options("PATCH, DELETE", acceptPatch)},
		{"GET", "/ws/:room", "connect", rated(s.sockets.accept)},
		{"OPTIONS", "/ws/:room", anybody, options("GET", [2]string{"Accept-Ranges", "none"})},
		{"POST", "/sse/:room", "connect", rated(s.streams.open)},
		{"OPTIONS", "/sse/:room", anybody, options("POST", [2]string{"Accept-Ranges", "none"})},
		{"POST", "/sse/:room/:id", secret, s.streams.post},
		{"DELETE", "/sse/:room/:id", secret, s.streams.remove},
		{"OPTIONS", "/sse/:room/:id", anybody, options("POST, DELETE", [2]string{"Accept-Post", typeJSON})},

		{"GET HEAD", "/", anybody, s.pages.join.serve},
		{"GET HEAD", "/r/:room", anybody, s.pages.call.serve},
		{"GET HEAD", "/watch/:room", anybody, s.pages.watch.serve},
		{"GET HEAD", "/recordings/:room", anybody, s.pages.archive.serve},
		{"GET HEAD", "/admin", anybody, s.pages.admin.serve},
		{"GET HEAD", "/check", anybody, s.pages.check.serve},
		{"GET HEAD", "/favicon.ico", anybody, s.pages.icon.serve},
		{"GET HEAD", "/static/*", anybody, s.pages.static.serveRest},
		{"GET HEAD", "/sdk.js", anybody, s.pages.forAll("sdk.min.js")},
		{"GET HEAD", "/check.js", anybody, s.pages.forAll("check.min.js")},
		{"GET HEAD", "/crossing.js", anybody, s.pages.forAll("crossing.min.js")},
		{"GET HEAD", "/elements.js", anybody, s.pages.forAll("elements.min.js")},
		{"GET HEAD", "/sdk/*", anybody, s.pages.sdk.serveRest},
		{"GET HEAD", "/docs", anybody, moved("/docs/")},
		{"GET HEAD", "/docs/", anybody, s.pages.guides["index"].serve},
		{"GET HEAD", "/docs/:guide", anybody, s.pages.guides.serveGuide},

		{"GET HEAD", "/api/v1/", anybody, s.pages.api.serve},
		{"GET HEAD", "/api/v1/openapi.json", anybody, s.pages.openapi.serve},
		{"GET HEAD", "/api/v1/control.json", anybody, s.pages.control.serve},
		{"POST", "/api/v1/drain", "drain", s.guard.sameOrigin(s.status.drain)},
		{"GET HEAD", "/livez", anybody, s.status.alive},
		{"GET HEAD", "/readyz", anybody, s.status.ready},
		{"GET HEAD", "/healthz", anybody, s.status.health},
		{"GET HEAD", "/api/v1/rooms", "rooms", s.status.rooms},
		{"GET HEAD", "/api/v1/rooms/:room", "watch", s.status.room},
		{"GET HEAD", "/api/v1/ice-servers", anybody, s.status.iceServers},
		{"POST", "/api/v1/layouts/check", "rooms", s.guard.sameOrigin(s.layouts.check)},
		{"GET HEAD", "/api/v1/layouts", "rooms", s.layouts.list},
		{"GET HEAD", "/api/v1/layouts/:name", "rooms", s.layouts.get},
		{"PUT", "/api/v1/layouts/:name", "layouts", s.guard.sameOrigin(s.layouts.put)},
		{"DELETE", "/api/v1/layouts/:name", "layouts", s.guard.sameOrigin(s.layouts.remove)},
	}
	return slices.Concat(table, s.nodeRoutes(), s.peopleRoutes(), s.accessRoutes(), s.recordingRoutes(), s.linkRoutes(), s.broadcastRoutes())
}

// nodeRoutes lists what there is in a cluster only.
func (s *site) nodeRoutes() []route {
	if s.nodes.all == nil {
		return nil
	}
	return []route{
		{"GET HEAD", "/api/v1/nodes", "status", s.nodes.list},
		{"POST", "/api/v1/nodes/:id/drain", "drain", s.guard.sameOrigin(s.status.drainNode)},
		{"DELETE", "/api/v1/nodes/:id/drain", "drain", s.guard.sameOrigin(s.status.serveNode)},
	}
}

// peopleRoutes lists what hosts and programs do in a room.
func (s *site) peopleRoutes() []route {
	p, l, o, same := s.people, s.lobbies, s.overlays, s.guard.sameOrigin
	table := []route{
		{"GET HEAD", "/api/v1/rooms/:room/participants", "participants", p.list},
		{"GET HEAD", "/api/v1/rooms/:room/participants/:id/stats", "stats", s.stats.one},
		{"GET HEAD", "/api/v1/rooms/:room/participants/:id/stats/dump", "stats", s.stats.dump},
		{"GET HEAD", "/api/v1/rooms/:room/stats", "stats", s.stats.list},
		{"GET", "/api/v1/rooms/:room/stats/stream", "stats", s.stats.stream},
		{"PATCH", "/api/v1/rooms/:room/participants", "set", same(p.set)},
		{"PATCH", "/api/v1/rooms/:room/participants/:id", "set", same(p.set)},
		{"DELETE", "/api/v1/rooms/:room/participants/:id", "kick", same(p.kick)},
		{"POST", "/api/v1/rooms/:room/participants/:id/ask", "ask", same(p.ask)},
		{"POST", "/api/v1/rooms/:room/participants/:id/move", "move", same(p.move)},
		{"GET HEAD", "/api/v1/rooms/:room/waiting", "waiting", wellNamed(l.list)},
		{"POST", "/api/v1/rooms/:room/waiting", "back", same(l.add)},
		{"POST", "/api/v1/rooms/:room/waiting/admit", "admit", same(l.admit)},
		{"POST", "/api/v1/rooms/:room/waiting/reject", "reject", same(l.reject)},
		{"POST", "/api/v1/rooms/:room/waiting/:id/admit", "admit", same(l.admit)},
		{"POST", "/api/v1/rooms/:room/waiting/:id/reject", "reject", same(l.reject)},
		{"GET HEAD", "/api/v1/rooms/:room/overlays", "overlays", o.get},
		{"PUT", "/api/v1/rooms/:room/overlays", "overlays", same(s.guard.rated(o.put))},
		{"POST", "/api/v1/rooms/:room/overlays/lower-third", "lowerThird", same(o.introduce)},
		{"GET HEAD", "/api/v1/rooms/:room/layouts", "view", wellNamed(s.layouts.choices)},
		{"PUT", "/api/v1/rooms/:room/lock", "lock", same(p.lock)},
		{"PUT", "/api/v1/rooms/:room/chat", "history", same(p.keepChat)},
		{"POST", "/api/v1/rooms/:room/messages", "message", same(p.say)},
		{"DELETE", "/api/v1/rooms/:room", "end", same(p.end)},
	}
	if a := s.attachments; a != nil {
		table = append(table,
			route{"POST", "/api/v1/rooms/:room/files", "chat", same(s.guard.rated(a.upload))},
			route{"GET HEAD", "/api/v1/rooms/:room/files/:id", secret, a.file})
	}
	return table
}

// accessRoutes lists the invites, bans and events of rooms.
func (s *site) accessRoutes() (table []route) {
	same := s.guard.sameOrigin
	if r := s.rooms; r != nil {
		table = append(table,
			route{"GET HEAD", "/api/v1/rooms/:room/rules", "room", r.get},
			route{"PUT", "/api/v1/rooms/:room/rules", "room", same(r.put)})
	}
	if k := s.keys; k.ring != nil {
		table = append(table,
			route{"GET HEAD", "/api/v1/keys", "keys", k.list},
			route{"DELETE", "/api/v1/keys/:name", "keys", same(k.remove)})
	}
	if i := s.invites; i != nil {
		table = append(table,
			route{"GET HEAD", "/api/v1/rooms/:room/invites", "invites", i.list},
			route{"POST", "/api/v1/rooms/:room/invites", "invites", same(i.create)},
			route{"DELETE", "/api/v1/rooms/:room/invites/:id", "invites", same(i.revoke)})
	}
	if p := s.pictures; p != nil {
		table = append(table, route{"GET HEAD", "/api/v1/rooms/:room/picture.jpg", "watch", wellNamed(s.guard.rated(p.get))})
	}
	if e := s.events; e != nil {
		table = append(table,
			route{"GET", "/api/v1/events", "status", e.listen("status")},
			route{"GET", "/api/v1/rooms/:room/events", "events", wellNamed(e.listen("events"))})
	}
	if b := s.bans; b != nil {
		table = append(table,
			route{"GET HEAD", "/api/v1/rooms/:room/bans", "bans", b.list},
			route{"DELETE", "/api/v1/rooms/:room/bans/:id", "bans", same(b.lift)})
	}
	return table
}

// recordingRoutes lists the recordings of a room and those of all rooms. The addresses of
// the latter stay when the room has ended.
func (s *site) recordingRoutes() []route {
	r, same := s.recordings, s.guard.sameOrigin
	if r == nil {
		return nil
	}
	return []route{
		{"GET HEAD", "/api/v1/recordings", "recordings", r.list},
		{"GET HEAD", "/api/v1/recordings/:id", "recordings", r.get},
		{"GET HEAD", "/api/v1/recordings/:id/file", "recordings", r.file},
		{"DELETE", "/api/v1/recordings/:id/file", "recordings", same(r.remove)},
		{"GET HEAD", "/api/v1/recordings/:id/file/:ticket", secret, r.ticketed},
		{"GET HEAD", "/api/v1/recordings/:id/files/:name", "recordings", r.file},
		{"PATCH", "/api/v1/recordings/:id", "recordings", same(unchanged(r.get, r.change))},
		{"DELETE", "/api/v1/recordings/:id", "recordings", same(unchanged(r.get, r.stop))},
		{"POST", "/api/v1/rooms/:room/recordings", "recordings", same(r.start)},
		{"GET HEAD", "/api/v1/rooms/:room/recordings", "recordings", wellNamed(r.list)},
		{"GET HEAD", "/api/v1/rooms/:room/recordings/:id", "recordings", r.get},
		{"GET HEAD", "/api/v1/rooms/:room/recordings/:id/file", "recordings", r.file},
		{"DELETE", "/api/v1/rooms/:room/recordings/:id/file", "recordings", same(r.remove)},
		{"GET HEAD", "/api/v1/rooms/:room/recordings/:id/files/:name", "recordings", r.file},
		{"PATCH", "/api/v1/rooms/:room/recordings/:id", "recordings", same(unchanged(r.get, r.change))},
		{"DELETE", "/api/v1/rooms/:room/recordings/:id", "recordings", same(unchanged(r.get, r.stop))},
	}
}

// linkRoutes lists the outputs and inputs of rooms.
func (s *site) linkRoutes() []route {
	out, in, same := s.outputs, s.inputs, s.guard.sameOrigin
	if out == nil || in == nil {
		return nil
	}
	return []route{
		{"POST", "/api/v1/rooms/:room/outputs", "outputs", same(out.add)},
		{"GET HEAD", "/api/v1/rooms/:room/outputs", "outputs", wellNamed(out.list)},
		{"GET HEAD", "/api/v1/rooms/:room/outputs/:id", "outputs", out.get},
		{"PATCH", "/api/v1/rooms/:room/outputs/:id", "outputs", same(unchanged(out.get, out.set))},
		{"DELETE", "/api/v1/rooms/:room/outputs/:id", "outputs", same(unchanged(out.get, out.remove))},
		{"POST", "/api/v1/rooms/:room/inputs", "inputs", same(in.add)},
		{"GET HEAD", "/api/v1/rooms/:room/inputs", "inputs", wellNamed(in.list)},
		{"GET HEAD", "/api/v1/rooms/:room/inputs/:id", "inputs", in.get},
		{"DELETE", "/api/v1/rooms/:room/inputs/:id", "inputs", same(unchanged(in.get, in.remove))},
	}
}

// broadcastRoutes lists the broadcasts of rooms and their HLS.
func (s *site) broadcastRoutes() []route {
	b, same := s.broadcasts, s.guard.sameOrigin
	if b == nil {
		return nil
	}
	return []route{
		{"GET HEAD", "/api/v1/rooms/:room/broadcast", "watch", b.get},
		{"PUT POST", "/api/v1/rooms/:room/broadcast", "broadcast", same(b.start)},
		{"PATCH", "/api/v1/rooms/:room/broadcast", "broadcast", same(b.set)},
		{"DELETE", "/api/v1/rooms/:room/broadcast", "broadcast", same(b.stop)},
		{"GET HEAD", "/hls/:room/*", "watch", b.list},
		{"GET HEAD", "/hls/:room/:stream/video1_stream.m3u8", "watch", b.list},
		{"GET HEAD", "/hls/:room/:stream/video2_stream.m3u8", "watch", b.list},
		{"GET HEAD", "/hls/:room/:stream/video3_stream.m3u8", "watch", b.list},
		{"GET HEAD", "/hls/:room/:stream/audio2_stream.m3u8", "watch", b.list},
		{"GET HEAD", "/hls/:room/:stream/audio3_stream.m3u8", "watch", b.list},
		{"GET HEAD", "/hls/:room/:stream/:file", secret, b.file},
		{"GET HEAD", "/hls/:room/t/:token/*", "watch", b.listed},
		{"OPTIONS", "/hls/:room/*", anybody, options("GET, HEAD", [2]string{"Accept-Ranges", "none"})},
	}
}

// options answers a preflight, and clients that ask what a resource accepts.
func options(methods string, accepts [2]string) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Allow", "OPTIONS, "+methods)
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", "Content-Type, If-Match, ETag, Link, Authorization, Tilemix-Pin, Tilemix-Resume")
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
