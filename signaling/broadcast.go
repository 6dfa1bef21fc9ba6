package signaling

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"tilemix/mcu/broadcast"
)

// Broadcaster is what signaling needs of [broadcast.Broadcaster].
type Broadcaster interface {
	Start(room string) (info broadcast.Info, begun bool, err error)
	Stop(ctx context.Context, room string) (broadcast.Info, error)
	Get(room string) (broadcast.Info, error)
	Serve(w http.ResponseWriter, r *http.Request, room, path string) error
	Collectors() []prometheus.Collector
}

// broadcastRoutes lists the addresses of broadcasts.
func (s *site) broadcastRoutes(e *echo.Echo) {
	if s.cfg.Broadcaster == nil {
		return
	}
	const switched = "/api/v1/rooms/:room/broadcast"
	get(e, switched, s.broadcast)
	e.PUT(switched, sameOrigin(s.startBroadcast))
	e.POST(switched, sameOrigin(s.startBroadcast))
	e.DELETE(switched, sameOrigin(s.stopBroadcast))
	get(e, "/hls/:room/*", s.hls)
	e.OPTIONS("/hls/:room/*", options("GET, HEAD", [2]string{"Accept-Ranges", "none"}))
}

func (s *site) broadcast(c echo.Context) error {
	info, err := s.cfg.Broadcaster.Get(c.Param("room"))
	if err != nil {
		return err
	}
	return fresh(c, located(info))
}

// startBroadcast answers 201 where the room's broadcast was off, and else 200.
func (s *site) startBroadcast(c echo.Context) error {
	info, begun, err := s.cfg.Broadcaster.Start(c.Param("room"))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	if begun {
		return c.JSON(http.StatusCreated, located(info))
	}
	return c.JSON(http.StatusOK, located(info))
}

func (s *site) stopBroadcast(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), stopTimeout)
	defer cancel()
	info, err := s.cfg.Broadcaster.Stop(ctx, c.Param("room"))
	if err != nil {
		return err
	}
	return fresh(c, located(info))
}

// hls serves a player, or a cache in front of many.
func (s *site) hls(c echo.Context) error {
	return s.cfg.Broadcaster.Serve(c.Response(), c.Request(), c.Param("room"), c.Param("*"))
}

// locatedInfo is a broadcast and where it is.
type locatedInfo struct {
	broadcast.Info
	Playlist string `json:"playlist"`
	Watch    string `json:"watch"`
}

func located(info broadcast.Info) locatedInfo {
	return locatedInfo{info, "/hls/" + info.Room + "/index.m3u8", "/watch/" + info.Room}
}
