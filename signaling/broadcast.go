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

// broadcasts serves the broadcasts of rooms and their HLS. It is safe for concurrent use.
type broadcasts struct{ broadcaster Broadcaster }

func (b *broadcasts) get(c echo.Context) error {
	info, err := b.broadcaster.Get(c.Param("room"))
	if err != nil {
		return err
	}
	return fresh(c, located(c, info))
}

// start answers 201 when it has started the broadcast, and 200 when that was on before.
func (b *broadcasts) start(c echo.Context) error {
	info, begun, err := b.broadcaster.Start(c.Param("room"))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	if begun {
		return c.JSON(http.StatusCreated, located(c, info))
	}
	return c.JSON(http.StatusOK, located(c, info))
}

func (b *broadcasts) stop(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), stopTimeout)
	defer cancel()
	info, err := b.broadcaster.Stop(ctx, c.Param("room"))
	if err != nil {
		return err
	}
	return fresh(c, located(c, info))
}

// hls serves a player, or an HTTP cache between players and the server.
func (b *broadcasts) hls(c echo.Context) error {
	return b.broadcaster.Serve(c.Response(), c.Request(), c.Param("room"), c.Param("*"))
}

// locatedInfo is a broadcast with the addresses of its playlist and its page.
type locatedInfo struct {
	broadcast.Info
	Playlist string `json:"playlist"`
	Watch    string `json:"watch"`
}

func located(c echo.Context, info broadcast.Info) locatedInfo {
	r := c.Request()
	return locatedInfo{info, outside(r, "/hls/"+info.Room+"/index.m3u8"), outside(r, "/watch/"+info.Room)}
}
